import { beforeEach, describe, expect, it } from 'vitest'
import { Counts } from '../../src/broker/counts.ts'
import type { Operation } from '../../src/broker/operations.ts'

const AT = { appId: '1', channel: 'news' }
const OPTIONS = { tells: true, announces: true }

let queue: { operation: () => Operation; done: (answer: unknown) => void }[]
let isAway: boolean
let told: unknown[]
let counts: Counts

beforeEach(() => {
  queue = []
  isAway = false
  told = []
  counts = new Counts((operation, done) => isAway || queue.push({ operation, done }), {
    occupied: ({ channel }) => told.push(['occupied', channel]),
    vacated: () => told.push(['vacated']),
    total: ({ channel }, total, isOurs) => told.push(['total', channel, total, isOurs]),
  })
})

/** Sends what is queued. @returns the counts that were told */
function send(answer: readonly [outcome: string, total: number, number: number]): unknown[] {
  return queue.splice(0).map(({ operation, done }) => {
    const sent = operation()
    done([...answer])
    return sent.type === 'count' ? sent.count : sent.type
  })
}

describe('a count', () => {
  it('is told once for all changes before it is sent', () => {
    for (const count of [1, 2, 3]) counts.changed(AT, count, OPTIONS)
    expect(send(['occupied', 3, 1])).toEqual([3])
    expect(told).toEqual([
      ['occupied', 'news'],
      ['total', 'news', 3, true],
    ])
  })

  it('of while Redis was away is told when it is back', () => {
    isAway = true
    counts.changed(AT, 2, OPTIONS)
    isAway = false
    counts.register()
    expect(send(['occupied', 2, 1])).toEqual([2])
  })

  it('that was on its way when Redis was lost is told again', () => {
    counts.changed(AT, 1, OPTIONS)
    queue = []
    counts.register()
    expect(send(['occupied', 1, 1])).toEqual([1])
  })

  it('of 0 is forgotten when Redis has it', () => {
    counts.changed(AT, 1, OPTIONS)
    send(['occupied', 1, 1])
    counts.changed(AT, 0, OPTIONS)
    expect(counts.size).toBe(0)
    expect(counts.has(AT)).toBe(false)
    expect(send(['vacated', 0, 2])).toEqual([0])
    expect(told.at(-2)).toEqual(['vacated'])
    counts.register()
    expect(queue).toEqual([])
  })

  it('is not occupied anew when Redis has lost its data', () => {
    counts.changed(AT, 1, OPTIONS)
    send(['occupied', 1, 7])
    counts.register()
    send(['occupied', 1, 1])
    expect(told.filter((news) => String(news).startsWith('occupied'))).toHaveLength(1)
  })
})

describe('a total', () => {
  it('of another node is told, unless a later one was', () => {
    counts.changed(AT, 1, OPTIONS)
    send(['occupied', 1, 5])
    told = []
    counts.apply(AT, 4, 7)
    counts.apply(AT, 3, 6)
    counts.apply(AT, 4, 7)
    expect(told).toEqual([['total', 'news', 4, false]])
    expect(counts.totalOf(AT)).toBe(4)
  })

  it('counts what has changed here since it was heard', () => {
    counts.changed(AT, 1, OPTIONS)
    send(['same', 10, 5])
    counts.changed(AT, 3, OPTIONS)
    expect(counts.totalOf(AT)).toBe(12)
  })

  it('of a channel without connections here is passed over', () => {
    counts.apply(AT, 4, 7)
    expect(told).toEqual([])
    expect(counts.totalOf(AT)).toBe(0)
  })
})
