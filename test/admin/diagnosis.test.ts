import { describe, expect, it } from 'vitest'
import { Diagnosis } from '../../src/admin/diagnosis.ts'
import { realClock } from '../../src/clock.ts'
import type { HttpResponse } from '../../src/http-api/exchange.ts'
import { Directory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { isRunning } from '../support/status.ts'

/** The route, run with a program of the test's own. */
function diagnosisBy(directory: Directory, script: string) {
  directory.write('program.mjs', script)
  const { routes } = new Diagnosis({
    flags: { config: '/etc/resound.json', port: '8080' },
    program: directory.file('program.mjs'),
    clock: realClock,
  })
  const [, route] = routes[0] ?? []
  return (): HttpResponse =>
    route?.answer(new Map(), {} as never, { isOperator: true }) as HttpResponse
}

/** Reads an answer to its end. */
function documentOf({ stream }: HttpResponse): Promise<unknown> {
  return new Promise((resolve) => {
    let text = ''
    stream?.({
      write: (piece) => {
        text += piece
        return true
      },
      end: () => resolve(JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? 'null')),
    })
  })
}

describe('a diagnosis', () => {
  it('is what the command prints, asked about the same server', async () => {
    using directory = new Directory()
    const run = diagnosisBy(
      directory,
      'console.log(JSON.stringify({ results: [], args: process.argv.slice(2) }))',
    )
    expect(await documentOf(run())).toEqual({
      results: [],
      args: ['diagnose', '--json', '--config', '/etc/resound.json'],
    })
  })

  it('says what the command complains of when it has no document', async () => {
    using directory = new Directory()
    const run = diagnosisBy(directory, 'console.error("it fails"); process.exit(70)')
    expect(await documentOf(run())).toEqual({
      error: 'The diagnosis has not come to an end. it fails',
    })
  })

  it('is made one at a time, and ended with the page that waits for it', async () => {
    using directory = new Directory()
    const run = diagnosisBy(
      directory,
      `import { writeFileSync } from 'node:fs'
       writeFileSync(new URL('pid', import.meta.url), String(process.pid))
       setInterval(() => undefined, 1000)`,
    )
    const leave = run().stream?.({ write: () => true, end: () => undefined })
    expect(run()).toMatchObject({ status: 409 })
    const pid = Number(await eventually(() => directory.read('pid')))
    expect(isRunning(pid)).toBe(true)
    leave?.()
    await eventually(() => expect(run()).not.toMatchObject({ status: 409 }))
    expect(isRunning(pid)).toBe(false)
  })
})
