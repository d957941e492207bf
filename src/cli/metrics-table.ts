/**
 * The rates of `resound metrics --watch` for people: a table for a screen, or rows for a pipe, in 80
 * columns either way.
 */
import type { Rates } from './metrics-rates.ts'

/** One number of the rates. */
interface Figure {
  /** In the table; figures of one line share it. */
  readonly line: string
  readonly name: string
  /** Above the rows, at most four characters; left out where a row has no room. */
  readonly column?: string
  readonly text: (rates: Rates) => string
}

const FIGURES: readonly Figure[] = [
  { line: 'Connections', name: 'open', column: 'conn', text: (r) => short(r.connections) },
  { line: 'Connections', name: 'opened/s', column: 'open', text: (r) => short(r.opened) },
  { line: 'Connections', name: 'closed/s', column: 'clos', text: (r) => short(r.closed) },
  { line: 'Events in', name: 'http/s', column: 'http', text: (r) => short(r.events.http) },
  { line: 'Events in', name: 'redis/s', column: 'rds', text: (r) => short(r.events.redis) },
  { line: 'Events in', name: 'client/s', column: 'clnt', text: (r) => short(r.events.client) },
  {
    line: 'Events out',
    name: 'delivered/s',
    column: 'dlvd',
    text: (r) => short(r.events.delivered),
  },
  { line: 'Events out', name: 'unheard/s', column: 'unhd', text: (r) => short(r.events.unheard) },
  { line: 'Delivery', name: 'p50 ms', column: 'p50', text: (r) => inMs(r.delivery.p50Seconds) },
  { line: 'Delivery', name: 'p99 ms', column: 'p99', text: (r) => inMs(r.delivery.p99Seconds) },
  {
    line: 'Event loop',
    name: 'p99 ms',
    column: 'loop',
    text: (r) => inMs(r.eventLoopDelay.p99Seconds),
  },
  { line: 'HTTP API', name: '2xx/s', text: (r) => short(r.http.ok) },
  { line: 'HTTP API', name: '4xx/s', column: '4xx', text: (r) => short(r.http.refused) },
  { line: 'HTTP API', name: '5xx/s', column: '5xx', text: (r) => short(r.http.failed) },
  { line: 'Refused', name: 'all/s', column: 'rfsd', text: (r) => short(refusedOf(r)) },
  { line: 'Refused', name: 'connects/s', text: (r) => short(r.refused.connections) },
  { line: 'Refused', name: 'subscribes/s', text: (r) => short(r.refused.subscriptions) },
  {
    line: 'Webhooks',
    name: 'delivered/s',
    column: 'hook',
    text: (r) => short(r.webhooks.delivered),
  },
  { line: 'Webhooks', name: 'retried/s', text: (r) => short(r.webhooks.retried) },
  { line: 'Webhooks', name: 'lost/s', text: (r) => short(r.webhooks.lost) },
  { line: 'Too slow', name: 'closed/s', column: 'slow', text: (r) => short(r.slowConsumers) },
]

const refusedOf = ({ refused }: Rates): number =>
  Object.values(refused).reduce((sum, each) => sum + each, 0)

/** A screen of them. */
export function tableOf(rates: Rates, at: Date): string {
  const lines = new Map<string, string>()
  for (const { line, name, text } of FIGURES) {
    const shown = `${text(rates).padStart(6)} ${name.padEnd(15)}`
    lines.set(line, (lines.get(line) ?? line.padEnd(13)) + shown)
  }
  return [
    `${timeOf(at)}, over ${Math.round(rates.seconds * 10) / 10} s`,
    '',
    ...[...lines.values()].map((line) => `  ${line.trimEnd()}`),
  ].join('\n')
}

const COLUMNS = FIGURES.flatMap(({ column, text }) =>
  column === undefined ? [] : [{ column, text }],
)

/** What stands above the rows. */
export function rowHead(at: Date): string {
  const names = COLUMNS.map(({ column }) => column.padStart(4)).join(' ')
  return `${timeOf(at)}: rates per second, times in ms (p50, p99 of delivery; loop p99)\n${names}`
}

/** All of them in a row. */
export function rowOf(rates: Rates): string {
  return COLUMNS.map(({ text }) => text(rates).padStart(4)).join(' ')
}

const timeOf = (at: Date): string => at.toTimeString().slice(0, 8)

/** In at most four characters. */
export function short(value: number): string {
  if (value < 0.05) return '0'
  if (value < 9.95) return String(Math.round(value * 10) / 10)
  if (value < 999.5) return String(Math.round(value))
  return value < 999_500 ? `${ofUnit(value / 1000)}k` : `${ofUnit(value / 1_000_000)}M`
}

const ofUnit = (value: number): string =>
  value < 9.95 ? value.toFixed(1) : String(Math.round(value))

/** Milliseconds in at most four characters; `-` where nothing was measured. */
function inMs(seconds: number | null): string {
  if (seconds === null) return '-'
  const value = seconds * 1000
  return value < 0.995 ? value.toFixed(2) : short(value)
}
