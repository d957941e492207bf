import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { MOST_VIEWERS, Samples } from '../../src/admin/samples.ts'
import type { HttpResponse, Sink } from '../../src/http-api/exchange.ts'
import { ManualClock } from '../support/clock.ts'

/** A sample, and no status. */
const DATA = /^data: /

/** The route, with a group that counts how often it is asked. */
function samples() {
  const clock = new ManualClock()
  const asked = { metrics: 0, status: 0 }
  const metrics = {
    prefix: 'resound_',
    families: async () => {
      asked.metrics += 1
      return []
    },
  }
  const status = async () => {
    asked.status += 1
    return { ready: true }
  }
  const { routes } = new Samples({ metrics, status, clock, log: pino({ level: 'silent' }) })
  const [, route] = routes[0] ?? []
  const join = (sink: Partial<Sink> = {}) => {
    const heard: string[] = []
    const answer = route?.answer(new Map(), {} as never, { isOperator: false }) as HttpResponse
    const write = (text: string): boolean => {
      heard.push(text)
      return true
    }
    const leave = answer.stream?.({ write, end: () => undefined, ...sink })
    return { answer, heard, leave: () => leave?.() }
  }
  /** A second goes by, and what it brings is done. */
  const second = async (): Promise<void> => {
    await turn() // what is under way
    clock.advance(1000)
    await turn()
  }
  return { clock, asked, join, second }
}

describe('samples', () => {
  it('are not taken while nobody looks', async () => {
    const { clock, asked, join, second } = samples()
    expect(clock.running).toBe(0)
    const viewer = join()
    await second()
    viewer.leave()
    expect(clock.running).toBe(0)
    const before = { ...asked }
    for (let past = 0; past < 20; past += 1) await second()
    expect(asked).toEqual(before)
  })

  it('are taken once a second for all who look, and the status every ten', async () => {
    const { clock, asked, join, second } = samples()
    const viewers = [join(), join(), join()]
    for (let past = 0; past < 10; past += 1) await second()
    expect(clock.running).toBe(1)
    expect(asked).toEqual({ metrics: 11, status: 2 }) // the first is what others are compared with
    for (const { heard } of viewers) {
      expect(heard.filter((text) => DATA.test(text))).toHaveLength(10)
    }
  })

  it('come with the status to who joins later', async () => {
    const { join, second } = samples()
    join()
    await second()
    expect(join().heard).toEqual(['event: status\ndata: {"ready":true}\n\n'])
  })

  it('begin anew after everybody has left', async () => {
    const { clock, join, second } = samples()
    join().leave()
    const { heard } = join()
    await second()
    expect(clock.running).toBe(1)
    expect(heard.filter((text) => DATA.test(text))).toHaveLength(1)
  })

  it('have so many viewers at most, and say so', () => {
    const { join } = samples()
    const viewers = Array.from({ length: MOST_VIEWERS }, () => join())
    expect(join().answer).toMatchObject({
      status: 503,
      body: expect.stringContaining('16 viewers'),
    })
    viewers[0]?.leave()
    expect(join().answer).toMatchObject({ status: 200, contentType: 'text/event-stream' })
  })
})
