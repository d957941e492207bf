import { describe, expect, it } from 'vitest'
import { type Ended, type Listening, Recording, type Stay } from './recording.ts'
import { flickersOf, judgeReturn, type Return } from './return.ts'

const SPAN = { from: 1000, to: 10_000 }

const listening = (since: number, until?: number): Listening => ({
  ...{ client: 'ann', node: 0, channel: 'a', since, until, heard: [], heardAt: [] },
})

const ended = (more: Partial<Ended>): Ended => ({
  ...{ client: 'ann', node: 0, at: 2000, code: 4200, wasEstablished: true, error: '' },
  ...more,
})

function judged(parts: { listening?: Listening[]; ended?: Ended[] }): Return {
  const recording = new Recording()
  recording.listening.push(...(parts.listening ?? [listening(0)]))
  recording.ended.push(...(parts.ended ?? []))
  for (const [index, sentAt] of [1500, 2100, 2900, 3500].entries()) {
    const published = { number: index, node: 0, channel: 'a', sentAt, answeredAt: sentAt }
    recording.published.push({ ...published, status: 200 })
  }
  return judgeReturn(recording, SPAN)
}

describe('a client that was sent away', () => {
  it('is back after a time, in which it has missed something', () => {
    expect(judged({ listening: [listening(0, 2000), listening(3000)] })).toMatchObject({
      ...{ returns: 1, away: [], missedEach: 2 },
      ...{ medianMilliseconds: 1000, p99Milliseconds: 1000, longestMilliseconds: 1000 },
    })
  })

  it('is found when it does not come back', () => {
    expect(judged({ listening: [listening(0, 2000)] })).toMatchObject({ returns: 0, away: ['ann'] })
  })
})

describe('the end of a connection', () => {
  it('is found where a dial was refused', () => {
    const refused = ended({ code: 0, wasEstablished: false, error: 'ECONNREFUSED' })
    expect(judged({ ended: [refused] }).refused).toEqual([
      'ann at node 0 after 1000 ms: ECONNREFUSED',
    ])
  })

  it('is found with 4200 before it was established', () => {
    expect(judged({ ended: [ended({ wasEstablished: false })] }).closedTooSoon).toBe(1)
    expect(judged({ ended: [ended({})] }).closedTooSoon).toBe(0)
  })

  it('is found with another code than 4200', () => {
    expect(judged({ ended: [ended({ code: 1006 }), ended({})] }).otherCodes).toEqual({ 1006: 1 })
  })
})

it('finds who is announced as gone of those who stay', () => {
  const stay: Stay = {
    ...{ userId: 'ann', channel: 'presence-a', node: 0, askedAt: 0, enteredAt: 0 },
    ...{ leftAt: undefined, isGoodbye: true },
    told: [
      { at: 1, what: 'removed', userIds: ['resident-1'] },
      { at: 2, what: 'removed', userIds: ['visitor-1'] },
    ],
  }
  const recording = new Recording()
  recording.stays.push(stay)
  expect(flickersOf(recording, (userId) => userId.startsWith('resident'))).toHaveLength(1)
})
