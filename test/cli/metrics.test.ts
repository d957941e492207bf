import { execFile } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { MetricsDocument, MetricsWatchDocument } from '../../src/cli/documents/metrics.ts'
import { type Rates, ratesBetween, Scrape } from '../../src/cli/metrics-rates.ts'
import { rowHead, rowOf, short, tableOf } from '../../src/cli/metrics-table.ts'
import { readText } from '../../src/metrics/read-text.ts'
import { PROGRAM, StartedServer } from '../support/command.ts'
import { Sockets, STARTED_APP } from '../support/pusher-sockets.ts'
import { signedPath } from '../support/server.ts'

const start = (environment = {}): Promise<StartedServer> =>
  StartedServer.start([], { environment: { ...STARTED_APP, ...environment } })

const APP = { key: STARTED_APP.RESOUND_APP_KEY, secret: STARTED_APP.RESOUND_APP_SECRET }

async function trigger({ port }: StartedServer, count: number): Promise<void> {
  const body = JSON.stringify({ name: 'e', channel: 'nobody', data: '1' })
  for (let each = 0; each < count; each += 1) {
    const path = signedPath(APP, 'POST', '/apps/1/events', body)
    await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })
  }
}

describe('resound metrics', () => {
  it('prints what Prometheus gets', async () => {
    await using server = await start()
    const { code, stdout, stderr } = await server.command('metrics')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const scraped = await (await fetch(`${server.admin}/metrics`)).text()
    const names = (text: string) => readText(text).map(({ name, type }) => `${name} ${type}`)
    expect(names(stdout)).toEqual(names(scraped))
    expect(names(stdout)).toContain('resound_workers_serving gauge')
  })

  it('prints a document with --json', async () => {
    await using server = await start()
    using _sockets = await Sockets.open(server.port, 2)
    const { stdout } = await server.command('metrics', '--json')
    const { metrics } = MetricsDocument.parse(JSON.parse(stdout))
    expect(metrics.find(({ name }) => name === 'resound_connections')).toEqual({
      name: 'resound_connections',
      type: 'gauge',
      help: 'Open connections.',
      samples: [{ name: 'resound_connections', labels: { app: '1' }, value: 2 }],
    })
  })
})

describe('resound metrics --watch', () => {
  it('tells in a line of JSON per interval what happened in it', async () => {
    await using server = await start({ RESOUND_METRICS_PREFIX: 'other_' })
    await using watch = server.begin('metrics', '--watch', '--json', '--interval', '0.2')
    const next = async () => MetricsWatchDocument.parse(JSON.parse(await watch.line()))
    await next() // from here on it counts
    using _sockets = await Sockets.open(server.port, 3)
    await trigger(server, 5)
    const told = { opened: 0, http: 0, unheard: 0, ok: 0 }
    let last = await next()
    for (;;) {
      told.opened += last.opened * last.seconds
      told.http += last.events.http * last.seconds
      told.unheard += last.events.unheard * last.seconds
      told.ok += last.http.ok * last.seconds
      if (told.http > 4.5) break
      last = await next()
    }
    const counts = Object.entries(told).map(([name, count]) => [name, Math.round(count)])
    expect(Object.fromEntries(counts)).toEqual({ opened: 3, http: 5, unheard: 5, ok: 5 })
    expect(last.connections).toBe(3)
  })

  it('prints a row per interval in a pipe, and ends with 69 when the server is gone', async () => {
    await using server = await start()
    await using watch = server.begin('metrics', '--watch', '--interval', '0.1')
    expect(await watch.line()).toMatch(/^\d\d:\d\d:\d\d: rates per second, times in ms/)
    expect(await watch.line()).toMatch(/^conn open clos http {2}rds clnt dlvd unhd /)
    expect(await watch.line()).toMatch(/^ +0 +0 +0 +0 /)
    server.signal('SIGKILL')
    const { code, stderr } = await watch.outcome()
    expect(code).toBe(69)
    expect(stderr).toContain('RESOUND_SERVER_UNREACHABLE')
  })

  it('draws a table on a terminal, again and again', async () => {
    await using server = await start()
    const command = `timeout 3 ${process.execPath} ${PROGRAM} metrics --watch --interval 0.3 --admin-url ${server.admin}`
    const screen = await new Promise<string>((resolve) => {
      execFile('script', ['-qc', command, '/dev/null'], (_, stdout) => resolve(stdout))
    })
    const screens = screen.split('\u001b[2J\u001b[H').slice(1)
    expect(screens.length).toBeGreaterThan(1)
    expect(screens[0]).toMatch(/Connections +0 open +0 opened\/s +0 closed\/s/)
  })
})

const quiet: Rates = {
  seconds: 2,
  connections: 0,
  opened: 0,
  closed: 0,
  events: { http: 0, redis: 0, client: 0, delivered: 0, unheard: 0 },
  refused: { connections: 0, subscriptions: 0, clientEvents: 0, signIns: 0 },
  http: { ok: 0, refused: 0, failed: 0 },
  delivery: { p50Seconds: null, p99Seconds: null },
  eventLoopDelay: { p99Seconds: null },
  webhooks: { delivered: 0, retried: 0, lost: 0 },
  slowConsumers: 0,
}

/** The most that anything can be. */
const busy = JSON.parse(
  JSON.stringify(quiet, (_, value) => (value === 0 || value === null ? 99_999 : value)),
)

describe('the table', () => {
  it.each([
    ['with nothing', quiet],
    ['with more than there can be', busy],
  ])('fits into 80 columns %s', (_what, rates) => {
    const at = new Date()
    const lines = [tableOf(rates, at), rowHead(at), rowOf(rates)].join('\n').split('\n')
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(rowOf(rates).length).toBe(rowHead(at).split('\n')[1]?.length)
  })

  it.each([
    [0, '0'],
    [0.04, '0'],
    [0.26, '0.3'],
    [9.96, '10'],
    [999.4, '999'],
    [1234, '1.2k'],
    [99_950, '100k'],
    [999_600, '1.0M'],
    [987_654_321, '988M'],
  ])('shows %d as %s', (value, text) => {
    expect(short(value)).toBe(text)
  })
})

describe('rates', () => {
  const scrapeOf = (at: number, ...lines: readonly string[]): Scrape =>
    new Scrape(readText(lines.join('\n')), 'x_', at)
  const total = (value: number): readonly string[] => [
    '# TYPE x_connections_opened_total counter',
    `x_connections_opened_total{app="a \\"b\\\\\\n"} ${value}`,
  ]

  it('are the growth over the time', () => {
    const rates = ratesBetween(scrapeOf(0, ...total(10)), scrapeOf(4000, ...total(30)))
    expect(rates).toMatchObject({ seconds: 4, opened: 5 })
  })

  it('of a server that was started again are what it has since', () => {
    expect(ratesBetween(scrapeOf(0, ...total(10)), scrapeOf(2000, ...total(6))).opened).toBe(3)
  })

  it('of a series that was not there before are all of it', () => {
    expect(ratesBetween(scrapeOf(0), scrapeOf(2000, ...total(6))).opened).toBe(3)
  })

  it('tell quantiles as Prometheus does, of the interval alone', () => {
    const delivery = (...counts: readonly number[]): readonly string[] => [
      '# TYPE x_delivery_seconds histogram',
      ...['0.001', '0.01', '0.1', '+Inf'].map(
        (le, index) => `x_delivery_seconds_bucket{le="${le}"} ${counts[index]}`,
      ),
    ]
    const of = (before: readonly string[], after: readonly string[]) =>
      ratesBetween(scrapeOf(0, ...before), scrapeOf(1000, ...after)).delivery
    const none = delivery(5, 5, 5, 5)
    expect(of(none, none)).toEqual({ p50Seconds: null, p99Seconds: null })
    const { p50Seconds, p99Seconds } = of(none, delivery(5, 105, 105, 105))
    expect(p50Seconds).toBeCloseTo(0.001 + 0.009 * 0.5)
    expect(p99Seconds).toBeCloseTo(0.001 + 0.009 * 0.99)
    expect(of(none, delivery(5, 5, 5, 6)).p99Seconds).toBe(0.1) // above all bounds
  })
})
