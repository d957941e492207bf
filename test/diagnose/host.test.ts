import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { critical, fine, found, Setup, warning } from '../support/breakable.ts'
import { Installation } from '../support/installation.ts'
import { greeting, Sockets } from '../support/pusher-sockets.ts'
import { startRedis } from '../support/redis.ts'

const run = promisify(execFile)

it('a thousand open files are few, and the pasted limit is enough', async () => {
  await using setup = await Setup.start({}, { openFiles: 1024 })
  const broken = await setup.diagnose(['host.open-files'])
  expect(found(broken, 'host.open-files')).toEqual(warning('files-low'))
  const { evidence, fix } = broken.of('host.open-files')
  expect(evidence?.[0]).toMatch(/^Limit on open files: 1024, of which \d+ are open$/)
  expect(evidence?.[1]).toBe('That leaves room for 896 connections.')
  const wanted = Number(/^\[Service\]\nLimitNOFILE=(\d+)$/.exec(fix?.paste ?? '')?.[1])
  expect(wanted).toBe(65_536)
  // What systemd would do, as far as this machine lets itself.
  const hard = Number((await run('sh', ['-c', 'ulimit -Hn'])).stdout.replace('unlimited', '65536'))
  await using raised = await Setup.start({}, { openFiles: Math.min(wanted, hard) })
  expect(found(await raised.diagnose(['host.open-files']), 'host.open-files')).toEqual(fine)
})

it('open files that are used up turn clients away', async () => {
  await using setup = await Setup.start({}, { openFiles: 300 })
  const { port } = setup.server
  using _clients = await Sockets.open(port, 171, 'my-key')
  expect(found(await setup.diagnose(['host.open-files']), 'host.open-files')).toEqual(
    warning('files-low'),
  )
  using _last = await Sockets.open(port, 1, 'my-key')
  expect((await greeting(port, 'my-key')).data).toMatchObject({ code: 4100 })
  const broken = await setup.diagnose(['host.open-files'])
  expect(found(broken, 'host.open-files')).toEqual(critical('files-full'))
})

it('more connections than open files allow are said', async () => {
  const app = { id: '1', key: 'my-key', secret: 'my-secret', maxConnections: 3_000_000 }
  await using setup = await Setup.start({ apps: [app] })
  const broken = await setup.diagnose(['host.open-files'])
  expect(found(broken, 'host.open-files')).toEqual(warning('files-low'))
  expect(broken.of('host.open-files').evidence).toContain(
    'The apps may have 3000000 (maxConnections).',
  )
  expect(broken.of('host.open-files').fix?.paste).toContain('LimitNOFILE=3158023')
})

it('memory that is used up is said, and before that it is low', async () => {
  // Beside it what a process uses by itself, which varies, is little.
  const hold = 'globalThis.held = Buffer.alloc(200 * 1024 * 1024, 1)'
  const environment = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hold)}` }
  let resident: number
  {
    await using setup = await Setup.start({}, { environment })
    expect(found(await setup.diagnose(['host.memory']), 'host.memory')).toEqual(fine)
    const status = readFileSync(`/proc/${setup.server.pid}/status`, 'utf8')
    resident = 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])
  }
  for (const [share, expected] of [
    [0.85, warning('memory-low')],
    [1, critical('memory-full')],
  ] as const) {
    const limitBytes = Math.round(resident / share)
    await using setup = await Setup.start({ memory: { limitBytes } }, { environment })
    await expect
      .poll(async () => found(await setup.diagnose(['host.memory']), 'host.memory'))
      .toEqual(expected)
  }
})

it('an event loop that is held up is late', async () => {
  await using setup = await Setup.start()
  const stopping = new AbortController()
  const holding = (async () => {
    while (!stopping.signal.aborted) {
      setup.server.signal('SIGSTOP')
      await setTimeout(500)
      setup.server.signal('SIGCONT')
      await setTimeout(200)
    }
  })()
  await setTimeout(1500)
  const broken = await setup.diagnose(['host.event-loop'])
  stopping.abort()
  await holding
  expect(found(broken, 'host.event-loop')).toEqual(warning('event-loop-late'))
  await expect
    .poll(async () => found(await setup.diagnose(['host.event-loop']), 'host.event-loop'))
    .toEqual(fine)
})

it('workers that are replaced may lose connections that are being made', async () => {
  await using redis = await startRedis()
  await using setup = await Setup.start({ workers: 2, redis: { url: redis.url } })
  const { paste } =
    (await setup.diagnose(['host.tcp-migrate-req'])).of('host.tcp-migrate-req').fix ?? {}
  const isOn = readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8').trim() === '1'
  // It would change this machine, so it is not applied.
  expect(paste).toBe(isOn ? undefined : 'sysctl -w net.ipv4.tcp_migrate_req=1')
  const diagnosis = await setup.diagnose(['host'])
  expect(found(diagnosis, 'host.tcp-migrate-req')).toEqual(isOn ? fine : warning('migration-off'))
})

it('a server of another release than is installed is to be restarted', async () => {
  using older = new Installation('0.0.9')
  await using setup = await Setup.start({}, { program: older.program })
  const broken = await setup.diagnose(['host.runtime'])
  expect(found(broken, 'host.runtime')).toEqual(warning('other-release'))
  const { summary, fix } = broken.of('host.runtime')
  expect(summary).toMatch(/^Resound 0\.0\.9 runs, and \S+ is installed here\.$/)
  expect(fix?.paste).toBe(`resound restart --config ${setup.file}`)
  older.update()
  await setup.server.command('restart')
  expect(found(await setup.diagnose(['host.runtime']), 'host.runtime')).toEqual(fine)
})
