import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { HEALTH_EXIT } from '../../src/cli/health.ts'
import { DEFAULT_BUDGET } from '../../src/health/judge.ts'
import { resound, StartedServer } from '../support/command.ts'
import { Page } from '../support/page.ts'
import { Sockets, STARTED_APP } from '../support/pusher-sockets.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const page = new Page('health.md')

/** What the image's HEALTHCHECK runs, with the variables of a container. @returns its exit code */
function check(environment: Record<string, string>): Promise<number> {
  const dockerfile = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8')
  const command = /^HEALTHCHECK .*\\\n +CMD (.*)$/m.exec(dockerfile)?.[1]
  if (command === undefined) throw new Error('the Dockerfile has no HEALTHCHECK')
  const env = { PATH: process.env['PATH'], ...environment }
  return new Promise((resolve) => {
    execFile('sh', ['-c', command], { cwd: ROOT, env }, (error) =>
      resolve(Number(error?.code ?? 0)),
    )
  })
}

it('a container is healthy while events come back, an app that is full or not', async () => {
  await using server = await StartedServer.start([], {
    environment: { ...STARTED_APP, RESOUND_APP_MAX_CONNECTIONS: '1' },
  })
  const environment = { RESOUND_ADMIN_PORT: String(new URL(server.admin).port) }
  expect(await check(environment)).toBe(0)
  using _sockets = await Sockets.open(server.port, 1)
  expect(await check(environment)).toBe(0)
  server.signal('SIGKILL')
  await server.exit()
  expect(await check(environment)).not.toBe(0)
})

it('the command from outside takes the app from its variables', async () => {
  const { args, environment } = page.command('health --url')
  await using server = await StartedServer.start([], { environment })
  const words = args.map((word) =>
    word.startsWith('wss:') ? `ws://127.0.0.1:${server.port}` : word,
  )
  const { stdout } = await resound([...words, '--format', 'json'], { environment })
  expect(JSON.parse(stdout)).toMatchObject({ schema: 'resound.health/1', processes: [] })
  expect(JSON.parse(stdout).legs.delivery).toBeGreaterThan(0)
})

it('the page has the exit codes and the budget that there are', () => {
  const rows = page.rows().filter(([code = '']) => /^\d$/.test(code))
  expect(Object.fromEntries(rows.map(([code, outcome]) => [outcome, Number(code)]))).toEqual(
    HEALTH_EXIT,
  )
  expect(page.text).toContain(`\`--warn-ms\` (${DEFAULT_BUDGET.warnMs})`)
  expect(page.text).toContain(`\`--crit-ms\` (${DEFAULT_BUDGET.critMs})`)
})
