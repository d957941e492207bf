import { describe, expect, it } from 'vitest'
import { type Reading, sampleOf } from '../../src/admin/sample.ts'
import type { Family, Value } from '../../src/metrics/metric.ts'

const family = (name: string, values: readonly Value[]): Family => ({
  name: `resound_${name}`,
  help: '',
  type: 'counter',
  aggregator: 'sum',
  values,
})

const number = (name: string, value: number | null, labels: Value['labels'] = {}): Family =>
  family(name, [{ value, labels }])

/** A histogram with so many values up to each bound. */
const histogram = (name: string, counts: Readonly<Record<string, number>>): Family =>
  family(
    name,
    Object.entries(counts).map(([le, value]) => ({
      metricName: `resound_${name}_bucket`,
      labels: { le },
      value,
    })),
  )

const reading = (time: number, ...processes: Family[][]): Reading => ({ time, processes })

const sample = (before: Reading, now: Reading) => sampleOf(before, now, 'resound_')

describe('a sample', () => {
  it('has what is there now, of all processes together', () => {
    const now = reading(
      2000,
      [number('connections', 3), number('open_files', 30), number('open_files_limit', 1024)],
      [number('connections', 4), number('open_files', 50), number('open_files_limit', 1024)],
    )
    expect(sample(reading(1000), now)).toMatchObject({
      time: 2000,
      connections: 7,
      openFiles: 50,
      openFilesLimit: 1024,
    })
  })

  it('has what has grown, per second, by what it is', () => {
    const at = (times: number): Family[] => [
      number('connections_opened_total', 10 * times),
      number('events_received_total', 4 * times, { app: '1', source: 'http' }),
      number('events_received_total', 6 * times, { app: '2', source: 'http' }),
      number('events_received_total', 2 * times, { app: '1', source: 'client' }),
      number('http_requests_total', 3 * times, { status: 401 }),
      number('http_requests_total', 1 * times, { status: '413' }),
      number('http_requests_total', 5 * times, { status: '200' }),
      number('http_requests_total', 2 * times, { status: '503' }),
      number('subscribe_refused_total', 1 * times),
      number('connections_refused_total', 1 * times),
    ]
    expect(sample(reading(1000, at(1)), reading(3000, at(3)))).toMatchObject({
      opened: 10,
      events: { http: 10, redis: 0, client: 2 },
      httpClientErrors: 4,
      httpServerErrors: 2,
      refused: 2,
    })
  })

  it('has no rate below nothing, when a process is gone', () => {
    const before = reading(1000, [number('events_delivered_total', 50)])
    expect(sample(before, reading(2000, []))).toMatchObject({ delivered: 0 })
  })

  it('has the times of what came since, within their bucket', () => {
    const before = reading(1000, [
      histogram('delivery_seconds', { 0.1: 90, 0.2: 100, '+Inf': 100 }),
    ])
    const now = reading(2000, [histogram('delivery_seconds', { 0.1: 90, 0.2: 200, '+Inf': 200 })])
    const { delivery } = sample(before, now)
    expect(delivery.p50).toBeCloseTo(0.15)
    expect(delivery.p99).toBeCloseTo(0.199)
  })

  it('says of what is above every bound only that', () => {
    const now = reading(2000, [histogram('delivery_seconds', { 0.1: 0, '+Inf': 9 })])
    expect(sample(reading(1000, []), now)).toMatchObject({ delivery: { p50: 0.1, p99: 0.1 } })
  })

  it('has no time where nothing came, and nothing of what is not known', () => {
    const same = [histogram('delivery_seconds', { 0.1: 5, '+Inf': 5 }), number('connections', null)]
    expect(sample(reading(1000, same), reading(2000, same))).toMatchObject({
      delivery: { p50: null, p99: null },
      connections: 0,
      openFiles: null,
    })
  })
})
