import { describe, expect, it } from 'vitest'
import { EventCache } from '../../src/hub/event-cache.ts'
import { ManualClock } from '../support/clock.ts'

const event = (data: string) => ({ event: 'e', data })

describe('the event cache', () => {
  it('keeps the last event of each channel', () => {
    const cache = new EventCache({ ttlSeconds: 60, maxBytes: 10_000, clock: new ManualClock() })
    cache.remember('3\ncache-a', event('1'))
    cache.remember('3\ncache-a', event('2'))
    cache.remember('4\ncache-a', event('3'))
    expect(cache.recall('3\ncache-a')).toEqual(event('2'))
    expect(cache.recall('4\ncache-a')).toEqual(event('3'))
    expect(cache.recall('3\ncache-b')).toBeUndefined()
  })

  it('forgets an event when its time is over, counted from the last one', () => {
    const clock = new ManualClock()
    const cache = new EventCache({ ttlSeconds: 60, maxBytes: 10_000, clock })
    cache.remember('cache-a', event('1'))
    clock.advance(40_000)
    cache.remember('cache-a', event('2'))
    clock.advance(59_999)
    expect(cache.recall('cache-a')).toEqual(event('2'))
    clock.advance(2)
    expect(cache.recall('cache-a')).toBeUndefined()
    expect(cache.describe('cache-a')).toBeNull()
  })

  it('says how many whole seconds an event has left', () => {
    const clock = new ManualClock()
    const cache = new EventCache({ ttlSeconds: 60, maxBytes: 10_000, clock })
    cache.remember('cache-a', event('1'))
    expect(cache.describe('cache-a')).toEqual({ data: '1', ttl: 60 })
    clock.advance(30_500)
    expect(cache.describe('cache-a')).toEqual({ data: '1', ttl: 30 })
  })

  it('forgets the events that were used least recently when its memory is full', () => {
    const cache = new EventCache({ ttlSeconds: 60, maxBytes: 3000, clock: new ManualClock() })
    for (const topic of ['a', 'b', 'c']) cache.remember(topic, event('x'.repeat(450)))
    cache.recall('a')
    cache.remember('d', event('x'.repeat(450)))
    expect(['a', 'b', 'c', 'd'].filter((topic) => cache.recall(topic) !== undefined)).toEqual([
      'a',
      'c',
      'd',
    ])
  })

  it('does not keep an event that is larger than its memory, nor the one before it', () => {
    const cache = new EventCache({ ttlSeconds: 60, maxBytes: 1000, clock: new ManualClock() })
    cache.remember('a', event('old'))
    cache.remember('a', event('x'.repeat(1000)))
    expect(cache.recall('a')).toBeUndefined()
  })
})
