import { describe, expect, it } from 'vitest'
import { wrapped } from '../../src/cli/output.ts'
import { resound } from '../support/command.ts'

describe('wrapped', () => {
  it.each([
    ['a short text', 'one two', '  ', '  one two'],
    [
      'a text as long as the line',
      `${'a'.repeat(39)} ${'b'.repeat(40)}`,
      '',
      `${'a'.repeat(39)} ${'b'.repeat(40)}`,
    ],
    [
      'a text one longer',
      `${'a'.repeat(40)} ${'b'.repeat(40)}`,
      '',
      `${'a'.repeat(40)}\n${'b'.repeat(40)}`,
    ],
    ['a word longer than the line', `a ${'b'.repeat(90)} c`, '', `a\n${'b'.repeat(90)}\nc`],
  ])('leaves the words of %s whole', (_what, text, indent, lines) => {
    expect(wrapped(text, indent)).toBe(lines)
  })
})

describe('--color', () => {
  const start = (when: string, environment = {}) =>
    // 192.0.2.1 is nobody's address (RFC 5737): after its first log line the start ends by itself.
    resound(['--color', when, 'start', '--log-format', 'pretty', '--host', '192.0.2.1'], {
      environment: {
        RESOUND_APP_ID: '1',
        RESOUND_APP_KEY: 'k',
        RESOUND_APP_SECRET: 's',
        RESOUND_PORT: '0',
        RESOUND_ADMIN_PORT: '0',
        ...environment,
      },
    })

  it.each([
    ['always', {}, true],
    ['always', { NO_COLOR: '1' }, true],
    ['never', {}, false],
    ['auto', {}, false],
  ])('%s off a terminal, with %j', async (when, environment, coloured) => {
    const { code, stderr } = await start(when, environment)
    expect(code).toBe(1)
    expect(stderr).toContain('RESOUND_LISTEN_FAILED')
    expect(stderr.includes('\u001b[32mINFO')).toBe(coloured)
  })
})
