/** What is there now, where several processes have it: workers, generations, and nodes that do not answer. */
import { hostname } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { version } from '../../src/version.ts'
import { askAdmin } from '../support/admin.ts'
import { TestClient } from '../support/client.ts'
import { StartedServer } from '../support/command.ts'
import { eventually } from '../support/eventually.ts'
import { Sockets, STARTED_APP } from '../support/pusher-sockets.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { statusOf } from '../support/status.ts'

const TOKEN = 'a-token-of-sixteen'

let redis: TestRedis

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis[Symbol.asyncDispose]())

const start = (args: readonly string[] = [], more = {}): Promise<StartedServer> =>
  StartedServer.start(args, {
    environment: { ...STARTED_APP, RESOUND_ADMIN_TOKEN: TOKEN, ...more },
  })

const shared = (prefix: string) => ({
  RESOUND_REDIS_URL: redis.url,
  RESOUND_REDIS_KEY_PREFIX: prefix,
})

const ask = async (server: StartedServer, method: 'GET' | 'POST', path: string, body = '') => {
  const headers = `Authorization: Bearer ${TOKEN}\r\n`
  return (await askAdmin(Number(new URL(server.admin).port), method, path, { body, headers })).body
}

interface Listed {
  readonly connections: readonly { socketId: string; node: string }[]
  readonly silentNodes: readonly object[]
}

const list = (server: StartedServer): Promise<Listed> => ask(server, 'GET', '/connections')

/** How many connections each node has. */
function perNode({ connections }: Listed): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { node } of connections) counts.set(node, (counts.get(node) ?? 0) + 1)
  return counts
}

describe('what is there now', () => {
  it('is that of all workers', async () => {
    await using server = await start(['--workers', '2'], shared('workers:'))
    using sockets = await Sockets.open(server.port, 20)
    const { processes } = await statusOf(server)
    const listed = await list(server)
    expect(perNode(listed)).toEqual(
      new Map(
        processes
          .map(({ pid, connections }) => [`${hostname()}:${pid}`, connections?.open] as const)
          .filter(([, open]) => open !== 0),
      ),
    )
    expect(listed.connections).toHaveLength(20)
    expect(listed.silentNodes).toEqual([])
    for (const { socketId } of listed.connections) {
      const { closed } = await ask(server, 'POST', `/connections/close?id=${socketId}`)
      expect(closed).toBe(1)
    }
    await sockets.closed
    expect(new Set(sockets.codes)).toEqual(new Set([4009]))
  })

  it('is told by another worker where one does not answer', async () => {
    await using server = await start(['--workers', '2'], shared('stopped:'))
    using _sockets = await Sockets.open(server.port, 20)
    const { processes } = await statusOf(server)
    for (const { pid, connections } of processes) {
      process.kill(pid, 'SIGSTOP')
      const listed = await list(server)
      process.kill(pid, 'SIGCONT')
      expect(listed.silentNodes).toEqual([expect.objectContaining({ pid })])
      expect(listed.connections).toHaveLength(20 - (connections?.open ?? 0))
    }
  })

  it('names a node that does not answer, and waits no longer than a second for it', async () => {
    const started = await Promise.all([1, 2].map(() => start([], shared('silent:'))))
    await using here = started[0] as StartedServer
    await using there = started[1] as StartedServer
    using _here = await Sockets.open(here.port, 1)
    using _there = await Sockets.open(there.port, 2)
    expect((await list(here)).connections).toHaveLength(3)
    there.signal('SIGSTOP')
    const asked = performance.now()
    const listed = await list(here)
    expect(performance.now() - asked).toBeLessThan(3000)
    expect([...perNode(listed)]).toEqual([[`${hostname()}:${here.pid}`, 1]])
    const silent = { node: `${hostname()}:${there.pid}`, host: hostname(), pid: there.pid, version }
    expect(listed.silentNodes).toEqual([silent])
    const closed = await ask(here, 'POST', '/connections/close?id=1.1')
    expect(closed).toEqual({ closed: 0, silentNodes: [silent] })
    there.signal('SIGCONT')
    await eventually(async () => {
      const again = await list(here)
      expect(again.silentNodes).toEqual([])
      expect(again.connections).toHaveLength(3)
    })
  })

  it('is told by the command with what is missing', async () => {
    await using server = await start([], shared('lost:'))
    using _sockets = await Sockets.open(server.port, 1)
    // One that holds its lease, whatever time the command takes to ask.
    const about = JSON.stringify({ host: 'elsewhere', pid: 7, version: '9.9.9' })
    await redis.client.hset('lost:{0}:names', 'abc-1', about)
    await redis.client.zadd('lost:{0}:nodes', Date.now() + 3_600_000, 'abc-1')
    const { code, stdout, stderr } = await server.command('connections')
    expect(code).toBe(0)
    expect(stdout.split('\n')).toHaveLength(1 + 1 + 1)
    expect(stderr).toBe(
      'Warning: elsewhere:7 (Resound 9.9.9) did not answer; what it has is missing here\n',
    )
  })

  it('without Redis is that of the generation that lets its connections go as well', async () => {
    const slow = { RESOUND_DRAIN_CLOSES_PER_SECOND: '1', RESOUND_DRAIN_WINDOW_SECONDS: '3600' }
    await using server = await start([], slow)
    using before = await Sockets.open(server.port, 30)
    await server.command('restart')
    using _after = await Sockets.open(server.port, 5)
    const listed = await list(server)
    const [old, current] = [...perNode(listed).values()].sort((a, b) => b - a)
    expect(current).toBe(5)
    expect(old).toBeGreaterThan(10)
    expect(listed.silentNodes).toEqual([])
    const last = listed.connections.find(({ node }) => node.endsWith(`:${server.pid}`))
    const { closed } = await ask(server, 'POST', `/connections/close?id=${last?.socketId}`)
    expect(closed).toBe(1)
    await eventually(() => expect(before.codes).toContain(4009))
  })

  it('cannot be told while Redis does not answer', async () => {
    await using own = await startRedis()
    await using server = await start([], { RESOUND_REDIS_URL: own.url })
    await own.stop()
    await eventually(async () =>
      expect(await list(server)).toEqual({
        error: 'What all nodes have together is not known: Redis does not answer. Try again.',
        code: 503,
        fault: 'RESOUND_REDIS_UNREACHABLE',
      }),
    )
  })

  it('is not changed here either while Redis does not answer', async () => {
    await using own = await startRedis()
    await using server = await start([], { RESOUND_REDIS_URL: own.url })
    const app = { key: 'key', secret: 'hidden-secret' }
    const ann = new TestClient(`ws://127.0.0.1:${server.port}/app/key?protocol=7`, app)
    await ann.established()
    await ann.subscribe('presence-room', { user_id: 'ann' })
    await own.stop()
    for (const path of ['/users/disconnect?id=ann', `/connections/close?id=${ann.socketId}`]) {
      expect(await ask(server, 'POST', path)).toMatchObject({ fault: 'RESOUND_REDIS_UNREACHABLE' })
    }
    await ann.expectNothing()
    await ann.close()
  })
})
