import { describe, expect, it } from 'vitest'
import { Buckets } from '../../src/buckets.ts'
import { withAllClosed } from '../../src/metrics/ended.ts'
import { merged, totals } from '../../src/metrics/merged.ts'
import { type Family, familyOf, type Metric, textOf } from '../../src/metrics/metric.ts'

/** A process that has counted so much. */
interface Counted {
  readonly count: number
  readonly buckets: Buckets
}

const METRICS: readonly Metric<Counted>[] = [
  {
    name: 'asked_total',
    type: 'counter',
    help: 'Asked.',
    labels: ['app', 'how'],
    read: ({ count }, write) => write(count, '1', 'a "b"\\\n'),
  },
  { name: 'open', type: 'gauge', help: 'Open.', read: ({ count }, write) => write(count) },
  {
    name: 'worst',
    type: 'gauge',
    help: 'The worst.',
    ofWorkers: 'max',
    read: ({ count }, write) => write(count),
  },
  {
    name: 'is_up',
    type: 'gauge',
    help: 'Whether it is up.',
    ofWorkers: () => 'min',
    read: ({ count }, write) => write(count > 1 ? 1 : 0),
  },
  {
    name: 'took_seconds',
    type: 'histogram',
    help: 'Took.',
    labels: ['route'],
    read: ({ buckets }) => [{ label: 'a', buckets }],
  },
]

function processOf(count: number): Counted {
  const buckets = new Buckets([0.1, 1])
  for (let each = 0; each < count; each += 1) buckets.observe(0.5)
  return { count, buckets }
}

/** As they come from another process. */
const familiesOf = (count: number): readonly Family[] =>
  JSON.parse(JSON.stringify(METRICS.map((metric) => familyOf(metric, processOf(count), 'x_'))))

const samples = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# HELP'))
    .sort()

describe('metrics of several processes', () => {
  it('are those of the one when there is but one', () => {
    const alone = METRICS.map((metric) => textOf(metric, processOf(2), 'x_')).join('\n')
    // A label's place is of no meaning.
    expect(samples(merged([familiesOf(2)]))).toEqual(
      samples(alone.replaceAll(/\{(route="a"),(le="[^"]+")\}/g, '{$2,$1}')),
    )
  })

  it('are added up, or the worst of them', () => {
    const text = merged([familiesOf(1), familiesOf(2)])
    expect(samples(text)).toEqual([
      '# TYPE x_asked_total counter',
      '# TYPE x_is_up gauge',
      '# TYPE x_open gauge',
      '# TYPE x_took_seconds histogram',
      '# TYPE x_worst gauge',
      'x_asked_total{app="1",how="a \\"b\\"\\\\\\n"} 3',
      'x_is_up 0',
      'x_open 3',
      'x_took_seconds_bucket{le="+Inf",route="a"} 3',
      'x_took_seconds_bucket{le="0.1",route="a"} 0',
      'x_took_seconds_bucket{le="1",route="a"} 3',
      'x_took_seconds_count{route="a"} 3',
      'x_took_seconds_sum{route="a"} 1.5',
      'x_worst 2',
    ])
  })

  it('keep of those that are gone what only grows', () => {
    const kept = totals([familiesOf(1), familiesOf(1)])
    const text = merged([familiesOf(2), kept])
    expect(text).toContain('\nx_asked_total{app="1",how="a \\"b\\"\\\\\\n"} 4\n')
    expect(text).toContain('\nx_took_seconds_count{route="a"} 4\n')
    expect(text).toContain('\nx_open 2\n')
    expect(text).toContain('\nx_is_up 1\n')
  })

  it('leave out what is not a number beside what is one', () => {
    const lag = (value: number | null): readonly Family[] => [
      {
        name: 'lag',
        help: '',
        type: 'gauge',
        aggregator: 'average',
        values: [{ value, labels: {} }],
      },
    ]
    expect(merged([lag(null), lag(null)])).toContain('\nlag NaN\n')
    expect(merged([lag(1), lag(3)])).toContain('\nlag 2\n')
    expect(merged([lag(null), lag(3)])).toContain('\nlag 3\n')
  })

  it('have the connections of one that was killed as closed', () => {
    const family = (name: string, type: string, values: Family['values']): Family => ({
      ...{ name, type, help: '', aggregator: 'sum', values },
    })
    const killed = [
      family('x_connections', 'gauge', [{ value: 3, labels: { app: 'a' } }]),
      family('x_connections_closed_total', 'counter', [
        { value: 4, labels: { app: 'a', code: '1006' } },
        { value: 5, labels: { app: 'a', code: '1000' } },
      ]),
    ]
    expect(samples(merged([totals([withAllClosed(killed)])]))).toEqual([
      '# TYPE x_connections_closed_total counter',
      'x_connections_closed_total{app="a",code="1000"} 5',
      'x_connections_closed_total{app="a",code="1006"} 7',
    ])
  })
})
