import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { createLogger, type LoggerOptions } from '../src/log.ts'

function written(
  options: Omit<LoggerOptions, 'stream'>,
  write: (log: ReturnType<typeof createLogger>) => void,
): string {
  const stream = new PassThrough()
  write(createLogger({ ...options, stream }))
  return String(stream.read() ?? '')
}

it('writes JSON with the level by its name and the time', () => {
  const text = written({ level: 'info', format: 'json' }, (log) =>
    log.info({ port: 1 }, 'listening'),
  )
  expect(text).toMatch(/\n$/)
  expect(JSON.parse(text)).toMatchObject({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    port: 1,
    msg: 'listening',
  })
})

it('leaves out what is less severe than its level', () => {
  const text = written({ level: 'warn', format: 'json' }, (log) => {
    log.info('no')
    log.warn('yes')
  })
  expect(JSON.parse(text).msg).toBe('yes')
})

it('writes a line for people, in colour only where it is wanted', () => {
  const line = (colour: boolean) =>
    written({ level: 'info', format: 'pretty', colour }, (log) =>
      log.info({ port: 1 }, 'listening'),
    )
  expect(line(false)).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: listening \{"port":1\}\n$/)
  expect(line(true)).toContain('\u001b[32mINFO\u001b')
})

it.each([
  ['at the top', { secret: 'hidden' }],
  ['in an object', { app: { secret: 'hidden', previousSecret: 'hidden' } }],
  ['two deep', { request: { headers: { authorization: 'hidden' } } }],
  ['of every kind', { token: 'hidden', password: 'hidden', passphrase: 'hidden', auth: 'hidden' }],
])('hides a secret %s', (_what, fields) => {
  for (const format of ['json', 'pretty'] as const) {
    const text = written({ level: 'info', format }, (log) => log.info(fields, 'fields'))
    expect(text).toContain('********')
    expect(text).not.toContain('hidden')
  }
})
