/** A real Prometheus with the rules of docs/, over real servers that are given real faults. */

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { createCertificate } from '../support/certificate.ts'
import { TestClient } from '../support/client.ts'
import { Directory } from '../support/directory.ts'
import { TestEndpoint } from '../support/endpoint.ts'
import { freePort } from '../support/free-port.ts'
import { Page } from '../support/page.ts'
import { TestPrometheus } from '../support/prometheus.ts'
import { Sockets } from '../support/pusher-sockets.ts'
import { frame, RawSocket } from '../support/raw-socket.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { statusOf } from '../support/status.ts'
import { Upstream } from '../support/upstream.ts'
import { dashboardQueries } from './dashboard.ts'
import { SECRET, Served } from './served.ts'

const TOKEN = 'a-token-of-sixteen'
/** For a fault to become an alert, on a machine that is busy with all these servers. */
const PATIENCE = { timeout: 60_000, interval: 500 }
const OPEN_FILES = 1024
const PREFIX = 'laravel-database-'

const parts: AsyncDisposable[] = []
const certificates = new Directory()
let prometheus: TestPrometheus
let redis: TestRedis
let ownRedis: TestRedis
let laravel: Upstream
let healthy: Served
let cutOff: Served
let full: Served
let narrow: Served
let guarded: Served
let misused: Served
let grouped: Served

/** The rules as they stand, but in seconds. */
function hurried(): string {
  return readFileSync(new URL('../../docs/prometheus/resound.rules.yml', import.meta.url), 'utf8')
    .replaceAll(/^ +for: .*\n/gm, '')
    .replaceAll(/\[\d+[mh]\]/g, '[10s]')
}

/** The page's configuration for a Prometheus on the same host, with these servers in the place of one. */
function configuration(servers: readonly Served[]): string {
  const page = new Page('metrics.md')
  const shown = parse(page.block('yaml', 'rule_files'))
  const withToken = parse(page.block('yaml', 'credentials_file'))
  const targets = (those: readonly Served[]) =>
    those.map(({ name, target }) => ({ targets: [target], labels: { instance: name } }))
  const scrape = (config: object, those: readonly Served[]): object => ({
    ...config,
    scrape_interval: '500ms',
    scrape_timeout: '500ms',
    static_configs: targets(those),
  })
  const [plain] = shown.scrape_configs
  const [authorized] = withToken.scrape_configs
  const others = servers.filter((server) => server !== guarded)
  return stringify({
    ...shown,
    global: { evaluation_interval: '500ms' },
    scrape_configs: [
      scrape(plain, others),
      {
        ...scrape(authorized, [guarded]),
        job_name: 'resound-guarded',
        relabel_configs: [{ target_label: 'job', replacement: plain.job_name }],
        authorization: { ...authorized.authorization, credentials_file: 'token' },
      },
    ],
  })
}

beforeAll(async () => {
  const keep = <T extends AsyncDisposable>(part: T): T => {
    parts.push(part)
    return part
  }
  const tls = createCertificate(certificates, 1)
  const [endpoint, failing] = [keep(await TestEndpoint.start()), keep(await TestEndpoint.start())]
  failing.answer(() => ({ status: 500 }))
  laravel = keep(await Upstream.start())
  ;[redis, ownRedis] = [keep(await startRedis()), keep(await startRedis())]
  const webhooks = ({ url }: TestEndpoint) => [{ url, allowPrivateAddress: true }]
  const nowhere = `http://127.0.0.1:${await freePort()}`
  const eager = { graceSeconds: 0, retrySeconds: 0 }
  const start = async (...options: Parameters<typeof Served.start>): Promise<Served> =>
    keep(await Served.start(...options))
  // One after the other: each start keeps a core busy.
  healthy = await start(
    'healthy',
    {
      clientEvents: true,
      webhooks: webhooks(endpoint),
      laravel: { redisPrefix: PREFIX, authUrl: laravel.url },
    },
    { redis: { url: redis.url, keyPrefix: 'one:' }, webhooks: { graceSeconds: 0 } },
  )
  cutOff = await start('cut-off', {}, { redis: { url: ownRedis.url } })
  full = await start('full', { maxConnections: 900 }, {}, { openFiles: OPEN_FILES })
  narrow = await start('narrow', {}, { memory: { limitBytes: 16 * 1024 * 1024 } })
  guarded = await start('guarded', {}, { tls, admin: { token: TOKEN } })
  misused = await start(
    'misused',
    { webhooks: webhooks(failing), laravel: { authUrl: nowhere } },
    { webhooks: eager, limits: { backpressureBytes: 65_536 } },
  )
  grouped = await start('grouped', {}, { workers: 2, redis: { url: redis.url, keyPrefix: 'two:' } })
  const servers = [healthy, cutOff, full, narrow, guarded, misused, grouped]
  prometheus = keep(
    await TestPrometheus.start({
      'prometheus.yml': configuration(servers),
      'resound.rules.yml': hurried(),
      token: TOKEN,
    }),
  )
})
afterAll(async () => {
  for (const part of parts.reverse()) await part[Symbol.asyncDispose]()
  certificates[Symbol.dispose]()
})

/** Does something again and again until an alert fires. */
async function fires(
  alert: string,
  labels: Readonly<Record<string, string>>,
  fault: () => unknown = () => undefined,
): Promise<void> {
  await vi.waitFor(async () => {
    await fault()
    expect(await prometheus.firing()).toContainEqual(
      expect.objectContaining({ alertname: alert, ...labels }),
    )
  }, PATIENCE)
}

const connect = ({ port }: Served): Promise<TestClient> =>
  new TestClient(`ws://127.0.0.1:${port}/app/key?protocol=7`, {
    key: 'key',
    secret: SECRET,
  }).established()

describe('the dashboard', { timeout: 120_000 }, () => {
  it('gets data for every query, but of what is not there', async () => {
    const client = await connect(healthy)
    await client.subscribe('private-a')
    await client.subscribe('presence-a', { user_id: '1' })
    client.send({ event: 'pusher:signin', data: { auth: 'key:0', user_data: '{"id":"1"}' } })
    client.send({ event: 'client-e', channel: 'nowhere', data: {} }) // refused
    await redis.client.publish(`${PREFIX}private-a`, 'no JSON')
    await redis.client.publish(`${PREFIX}private-a`, '{"event":"e","data":{},"socket":null}')
    await vi.waitFor(async () => {
      const nothing: string[] = []
      for (const [, query] of dashboardQueries()) {
        if ((await prometheus.query(query)).length === 0) nothing.push(query)
      }
      const labels = 'job="resound",instance=~".*"'
      expect(nothing).toEqual([
        `min(resound_postgres_up{${labels}})`,
        `max(resound_postgres_refused_rows{${labels}})`,
      ])
    }, PATIENCE)
    client.terminate()
  })
})

// At the same time: each has a server of its own.
describe.concurrent('a real Prometheus', { timeout: 120_000 }, () => {
  it('fires when a certificate is about to end, and when a server is gone', async () => {
    await fires('ResoundCertificateEnds', { instance: 'guarded' })
    await fires('ResoundCertificateExpiring', { instance: 'guarded' })
    guarded.server.signal('SIGKILL')
    await fires('ResoundDown', { instance: 'guarded' })
  })

  it('fires when memory is used up, and clients are turned away', async () => {
    await fires('ResoundMemoryNearLimit', { instance: 'narrow' })
    const turnedAway = async () => {
      const { closed } = new TestClient(`ws://127.0.0.1:${narrow.port}/app/key`, {
        key: 'key',
        secret: SECRET,
      })
      expect((await closed).code).toBe(4100)
    }
    await fires('ResoundClientsTurnedAway', { instance: 'narrow' }, turnedAway)
    await fires('ResoundNotReady', { instance: 'narrow' })
  })

  it('fires when open files, or the connections of an app, are near their limit', async () => {
    // Not all at once: those that are accepted and not upgraded yet count as other files for a second.
    const sockets: Sockets[] = []
    for (let open = 0; open < 850; open += 50) sockets.push(await Sockets.open(full.port, 50))
    await fires('ResoundOpenFilesNearLimit', { instance: 'full' })
    await fires('ResoundAppNearConnectionLimit', { app: 'full' })
    for (const some of sockets) some[Symbol.dispose]()
  })

  it('fires when the event loop is late', async () => {
    const stopped = async () => {
      full.server.signal('SIGSTOP')
      await new Promise((resolve) => setTimeout(resolve, 400))
      full.server.signal('SIGCONT')
    }
    await fires('ResoundEventLoopLate', { instance: 'full' }, stopped)
  })

  it('fires when pages subscribe with a wrong signature, or connect with a wrong key', async () => {
    const client = await connect(misused)
    const refused = async () => {
      for (let each = 0; each < 10; each += 1) {
        client.send({ event: 'pusher:subscribe', data: { channel: 'private-a', auth: 'key:0' } })
        await client.next()
        const { port } = misused
        await new TestClient(`ws://127.0.0.1:${port}/app/no`, { key: 'no', secret: '' }).closed
      }
    }
    await fires('ResoundSubscriptionsRefused', { app: 'misused', reason: 'signature' }, refused)
    await fires('ResoundConnectionsRefused', { code: '4001' }, refused)
    client.terminate()
  })

  it('fires when events are refused, webhooks are given up, and Laravel cannot be asked', async () => {
    const wrong = () => misused.publish('a', '1', 'another')
    await fires('ResoundPublishingRefused', { status: '401' }, wrong)
    const occupied = async () => {
      const client = await connect(misused)
      await client.subscribe('a')
      await misused.askBridge(client.socketId)
      await client.close()
    }
    await fires('ResoundWebhooksFailing', { app: 'misused' }, occupied)
    await fires('ResoundBridgeFailing', { app: 'misused' }, occupied)
  })

  it('fires when clients do not read', async () => {
    const slow = async () => {
      const readers = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const reader = await RawSocket.open(misused.port, '/app/key')
          await reader.next()
          reader.send(frame('{"event":"pusher:subscribe","data":{"channel":"news"}}'))
          await reader.next()
          reader.pause()
          return reader
        }),
      )
      // More than the system's own buffers on both sides take.
      for (let each = 0; each < 80; each += 1) await misused.publish('news', 'x'.repeat(100_000))
      for (const reader of readers) reader[Symbol.dispose]()
    }
    await fires('ResoundSlowConsumers', { app: 'misused' }, slow)
  })

  it('fires when workers are killed', async () => {
    const killed = async () => {
      const { processes } = await statusOf(grouped.server)
      for (const { pid } of processes) process.kill(pid, 'SIGKILL')
      await fires('ResoundNoWorker', { instance: 'grouped' })
      await vi.waitFor(async () => {
        expect((await statusOf(grouped.server)).workers.serving).toBe(2)
      }, PATIENCE)
    }
    await killed()
    await fires('ResoundWorkersEnding', { instance: 'grouped' }, killed)
  })

  it('fires when Redis is away', async () => {
    await ownRedis.stop()
    const publishing = async () => expect(await cutOff.publish('a')).toBe(503)
    await fires('ResoundRedisDown', { instance: 'cut-off' })
    await fires('ResoundNodeApart', { instance: 'cut-off' })
    await fires('ResoundNotReady', { instance: 'cut-off' })
    await fires('ResoundPublishingFails', { instance: 'cut-off' }, publishing)
  })
})

describe('of a server that has no fault', () => {
  it('nothing fires', async () => {
    const firing = await prometheus.firing()
    expect(firing.length).toBeGreaterThan(3)
    const those = firing.filter(({ instance, app }) => instance === 'healthy' || app === 'healthy')
    expect(those).toEqual([])
  })
})
