import { describe, expect, it } from 'vitest'
import { Buckets } from '../../src/buckets.ts'
import { type Family, merged, Register, totals } from '../../src/metrics/register.ts'

/** A process that has counted so much. */
function processOf(count: number): Register {
  const register = new Register('x_')
  register.counter('asked_total', 'Asked.', ['app'], (counter) => counter.inc({ app: '1' }, count))
  register.gauge('open', 'Open.', [], (gauge) => gauge.set(count))
  register.gauge('worst', 'The worst.', [], (gauge) => gauge.set(count), 'max')
  register.gauge('is_up', 'Whether it is up.', [], (gauge) => gauge.set(count > 1 ? 1 : 0), 'min')
  const buckets = new Buckets([0.1, 1])
  for (let each = 0; each < count; each += 1) buckets.observe(0.5)
  register.histogram('took_seconds', 'Took.', () => [{ label: 'a', buckets }], 'route')
  return register
}

const passed = async (register: Register): Promise<readonly Family[]> =>
  JSON.parse(JSON.stringify(await register.families()))

const samples = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# HELP'))
    .sort()

describe('metrics of several processes', () => {
  it('are those of the one when there is but one', async () => {
    const one = processOf(2)
    expect(samples(await merged([await passed(one)]))).toEqual(samples(await one.text()))
  })

  it('are added up, or the worst of them', async () => {
    const text = await merged([await passed(processOf(1)), await passed(processOf(2))])
    expect(samples(text)).toEqual([
      '# TYPE x_asked_total counter',
      '# TYPE x_is_up gauge',
      '# TYPE x_open gauge',
      '# TYPE x_took_seconds histogram',
      '# TYPE x_worst gauge',
      'x_asked_total{app="1"} 3',
      'x_is_up 0',
      'x_open 3',
      'x_took_seconds_bucket{route="a",le="+Inf"} 3',
      'x_took_seconds_bucket{route="a",le="0.1"} 0',
      'x_took_seconds_bucket{route="a",le="1"} 3',
      'x_took_seconds_count{route="a"} 3',
      'x_took_seconds_sum{route="a"} 1.5',
      'x_worst 2',
    ])
  })

  it('keep of those that are gone what only grows', async () => {
    const kept = await totals([await passed(processOf(1)), await passed(processOf(1))])
    const text = await merged([await passed(processOf(2)), kept])
    expect(text).toContain('\nx_asked_total{app="1"} 4\n')
    expect(text).toContain('\nx_took_seconds_count{route="a"} 4\n')
    expect(text).toContain('\nx_open 2\n')
    expect(text).toContain('\nx_is_up 1\n')
  })
})
