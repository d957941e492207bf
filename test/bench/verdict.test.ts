import { describe, expect, it } from 'vitest'
import { createLatencies } from '../../src/bench/latency.ts'
import { Pacer } from '../../src/bench/pacer.ts'
import { SelfWatch } from '../../src/bench/self.ts'
import { limitsOf } from '../../src/bench/verdict.ts'

const CALM = { busyShare: 0.3, loopDelayP99Milliseconds: 2, lagP99Milliseconds: 0.5 }

describe('the generator', () => {
  it('was not the limit as long as it had time to spare', () => {
    expect(limitsOf(CALM)).toEqual([])
  })

  it.each([
    ['cpu', { busyShare: 0.95 }, 'busy 95 % of the time'],
    ['event-loop', { loopDelayP99Milliseconds: 40 }, '40 ms late'],
    ['schedule', { lagP99Milliseconds: 30 }, '30 ms late'],
  ])('was the limit by its %s', (code, measured, message) => {
    const reasons = limitsOf({ ...CALM, ...measured })
    expect(reasons).toEqual([{ code, message: expect.stringContaining(message) }])
  })
})

describe('a pace', () => {
  const signal = new AbortController().signal
  const block = (milliseconds: number): void => {
    const end = performance.now() + milliseconds
    while (performance.now() < end);
  }

  it('tells of each by when it was due, however late it is', async () => {
    const due: number[] = []
    const self = new SelfWatch()
    const pacer = new Pacer(
      { rate: 100, count: 10, seconds: 10 },
      {
        act: (dueMicroseconds) => {
          due.push(dueMicroseconds)
          if (due.length === 1) block(60)
          return true
        },
        self,
        signal,
      },
    )
    expect(await pacer.run()).toBe(10)
    const gaps = due.slice(1).map((at, index) => Math.round((at - (due[index] ?? 0)) / 1000))
    expect(gaps).toEqual(Array.from({ length: 9 }, () => 10))
    const { lag } = self.end()
    expect(lag.max).toBeGreaterThanOrEqual(50_000) // the second was due 10 ms after the first
  })

  it('does not call itself late for what it had to wait for', async () => {
    const self = new SelfWatch()
    let isFree = true
    const pacer: Pacer = new Pacer(
      { rate: 1000, count: 3, seconds: 10 },
      {
        act: () => {
          if (!isFree) return false
          isFree = false
          setTimeout(() => {
            isFree = true
            pacer.wake()
          }, 100)
          return true
        },
        self,
        signal,
      },
    )
    expect(await pacer.run()).toBe(3)
    expect(self.end().lag.percentile(50)).toBeLessThan(50_000)
  })

  it('does what was due in its time, when it is late at the end of it', async () => {
    let done = 0
    const pacer = new Pacer(
      { rate: 100, count: 10, seconds: 0.1 },
      {
        act: () => {
          done += 1
          if (done === 9) block(50)
          return true
        },
        self: new SelfWatch(),
        signal,
      },
    )
    expect(await pacer.run()).toBe(10)
  })

  it('ends when it is interrupted, and when its time is over', async () => {
    const stopping = new AbortController()
    const options = { act: () => true, self: new SelfWatch() }
    const interrupted = new Pacer(
      { rate: 1, count: 100, seconds: 100 },
      { ...options, signal: stopping.signal },
    )
    const ended = interrupted.run()
    stopping.abort()
    expect(await ended).toBeLessThan(3)
    const timed = new Pacer({ rate: 1, count: 100, seconds: 0.05 }, { ...options, signal })
    expect(await timed.run()).toBeLessThan(3)
  })
})

it('percentiles of one value are that value, to three digits', () => {
  const latencies = createLatencies()
  latencies.record(1234)
  expect(latencies.percentile(50)).toBeCloseTo(1234, -1)
  expect(latencies.percentile(99.9)).toBeCloseTo(1234, -1)
})
