/**
 * The gauges are the truth, whatever has happened before: 100,000 clients that came and went, resets, a
 * worker and a server that were killed. TEST_CHURN_CONNECTS asks for another number.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readText } from '../../src/metrics/read-text.ts'
import { churn } from '../support/churn.ts'
import { TestClient } from '../support/client.ts'
import { StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { statusOf } from '../support/status.ts'

const CONNECTS = Number(process.env['TEST_CHURN_CONNECTS'] ?? 100_000)
const TIMEOUT = { timeout: 240_000 }
const APP = { key: 'key', secret: 'hidden-secret' }

const configuration = new Directory({
  'resound.json': {
    apps: [{ id: '1', ...APP }],
    welcome: { burst: 1_000_000, perSecond: 1_000_000 }, // the pace is not what this is about
    presence: { lingerSeconds: 0 },
  },
})
let redis: TestRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(async () => {
  await redis[Symbol.asyncDispose]()
  configuration[Symbol.dispose]()
})

const start = (environment = {}): Promise<StartedServer> =>
  StartedServer.start(['--config', configuration.file('resound.json')], { environment })

/** Clients that stay, each in one channel of each kind, and as a user of its own. */
class Residents implements Disposable {
  readonly #clients: TestClient[] = []
  #gone = 0

  static async open({ port }: StartedServer, count: number): Promise<Residents> {
    const residents = new Residents()
    for (let index = 0; index < count; index += 1) {
      const client = new TestClient(`ws://127.0.0.1:${port}/app/key?protocol=7`, APP)
      residents.#clients.push(await client.established())
      void client.closed.then(() => {
        residents.#gone += 1
      })
      await client.subscribe('news')
      await client.subscribe('private-orders')
      await client.subscribe('private-encrypted-secrets')
      await client.subscribe('presence-house', { user_id: `resident-${index}` })
    }
    return residents
  }

  /** How many are left. */
  get present(): number {
    return this.#clients.length - this.#gone
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.terminate()
  }
}

/** What the metrics say of connections, and of what they hold. */
async function told({ admin }: StartedServer): Promise<Readonly<Record<string, number>>> {
  const metrics = readText(await (await fetch(`${admin}/metrics`)).text())
  const sum = (name: string, kind?: string): number =>
    (metrics.find((metric) => metric.name === `resound_${name}`)?.samples ?? [])
      .filter(({ labels }) => kind === undefined || labels['kind'] === kind)
      .reduce((all, { value }) => all + value, 0)
  return {
    connections: sum('connections'),
    openedLessClosed: sum('connections_opened_total') - sum('connections_closed_total'),
    opened: sum('connections_opened_total'),
    held: sum('connections_held'),
    public: sum('subscriptions', 'public'),
    private: sum('subscriptions', 'private'),
    encrypted: sum('subscriptions', 'encrypted'),
    presence: sum('subscriptions', 'presence'),
    members: sum('presence_members'),
  }
}

/** Asserts that the metrics say that so many are there, and nothing else. */
async function expectTruth(server: StartedServer, present: () => number): Promise<void> {
  await eventually(async () => {
    const count = present()
    expect(await told(server)).toMatchObject({
      connections: count,
      openedLessClosed: count,
      held: 0,
      public: count,
      private: count,
      encrypted: count,
      presence: count,
      members: count,
    })
  })
}

it(`${CONNECTS} clients that come and go leave the gauges as they were`, TIMEOUT, async () => {
  await using server = await start()
  using residents = await Residents.open(server, 20)
  await expectTruth(server, () => 20)
  const begun = performance.now()
  const churned = await churn({ port: server.port, app: APP, connects: CONNECTS })
  const seconds = (performance.now() - begun) / 1000
  console.info(`${CONNECTS} connects in ${seconds.toFixed(1)} s`)
  await expectTruth(server, () => residents.present)
  expect(residents.present).toBe(20)
  expect(churned.established).toBeGreaterThan(CONNECTS * 0.6) // but those who reset at once
  expect(churned.subscribed).toBeGreaterThan(CONNECTS * 0.3)
  const { opened = 0 } = await told(server)
  expect(opened - 20).toBeGreaterThanOrEqual(churned.established)
  expect(opened - 20).toBeLessThanOrEqual(CONNECTS)
})

it('a server that was killed under load starts with the truth', TIMEOUT, async () => {
  await using killed = await start()
  using _before = await Residents.open(killed, 5)
  const churning = churn({ port: killed.port, app: APP, connects: 2000 })
  await eventually(async () => expect((await told(killed))['opened']).toBeGreaterThan(200))
  killed.signal('SIGKILL')
  await churning
  await using server = await start({ RESOUND_PORT: String(killed.port) })
  await expectTruth(server, () => 0)
  using residents = await Residents.open(server, 5)
  await churn({ port: server.port, app: APP, connects: 500 })
  await expectTruth(server, () => residents.present)
})

it(
  'a worker that is killed under load takes its connections out of the gauges',
  TIMEOUT,
  async () => {
    await using server = await start({ RESOUND_REDIS_URL: redis.url, RESOUND_WORKERS: '2' })
    using residents = await Residents.open(server, 40)
    await expectTruth(server, () => 40)
    const churning = churn({ port: server.port, app: APP, connects: Math.ceil(CONNECTS / 20) })
    await eventually(async () => expect((await told(server))['opened']).toBeGreaterThan(500))
    const [victim] = (await statusOf(server)).processes
    process.kill(victim?.pid ?? 0, 'SIGKILL')
    await server.logged('a worker has taken its place')
    await churning
    await expectTruth(server, () => residents.present)
    expect(residents.present).toBeLessThan(40)
    expect(residents.present).toBeGreaterThan(0)
  },
)
