import { describe, expect, it } from 'vitest'
import type { Observed } from '../../src/hub/observation.ts'
import { wants } from '../../src/tail/filter.ts'

const event: Observed = {
  ...{ time: 0, app: '1', channel: 'orders', event: 'e', source: 'http' as const },
  ...{ kind: 'event' as const, delivered: 0, bytes: 0, relayed: false, data: '' },
}
const connected: Observed = { time: 0, kind: 'connected', app: '1', socketId: '1.1' }
const rejected: Observed = { time: 0, kind: 'refused', what: 'connection', reason: 'no' }

describe('a filter', () => {
  it('that asks for nothing wants everything', () => {
    for (const observed of [event, connected, rejected]) expect(wants({}, observed)).toBe(true)
  })

  it('of an app wants nothing of another one, nor of none', () => {
    expect([event, connected, rejected].map((one) => wants({ app: '1' }, one))).toEqual([
      ...[true, true, false],
    ])
    expect([event, connected].map((one) => wants({ app: '2' }, one))).toEqual([false, false])
  })

  it('of channels wants nothing without a channel', () => {
    expect([event, connected, rejected].map((one) => wants({ channel: '*' }, one))).toEqual([
      ...[true, false, false],
    ])
  })

  it('of kinds wants no other', () => {
    const kinds = ['connected']
    expect([event, connected, rejected].map((one) => wants({ kinds }, one))).toEqual([
      ...[false, true, false],
    ])
  })
})
