/** The checker finds what it is there for: each recording here has one thing wrong with it, or nothing. */
import { describe, expect, it } from 'vitest'
import { type Listening, type Published, Recording, type Stay, type Told } from './recording.ts'
import { type Effect, judge, type Trouble, type Verdict } from './verdict.ts'

const SECOND = 1000
const END = 40 * SECOND

function judged(recording: Recording, effects: readonly Effect[] = []): Verdict {
  const trouble: Trouble = { from: 0, to: 10 * SECOND, until: END, effects }
  return judge(recording, trouble, SECOND)
}

function published(more: Partial<Published> = {}): Published {
  const own = { number: 1, node: 0, channel: 'a', sentAt: 5000, answeredAt: 5010, status: 200 }
  return { ...own, ...more }
}

function listening(more: Partial<Listening> = {}): Listening {
  return {
    ...{ client: 'ann', node: 1, channel: 'a', since: 0, until: undefined },
    ...{ heard: [], heardAt: [] },
    ...more,
  }
}

function stay(userId: string, more: Partial<Stay> = {}): Stay {
  return {
    ...{ userId, channel: 'presence-a', node: 0, askedAt: 0, enteredAt: 0 },
    ...{ leftAt: undefined, isGoodbye: true, told: [] },
    ...more,
  }
}

/** What ann, who is there all the time, is told: at first of herself. */
const annTold = (...told: Told[]): Stay =>
  stay('ann', { told: [{ at: 0, what: 'roster', userIds: ['ann'] }, ...told] })

const added = (at: number): Told => ({ at, what: 'added', userIds: ['ben'] })
const removed = (at: number): Told => ({ at, what: 'removed', userIds: ['ben'] })

/** Ben is there from the 2nd to the 20th second. */
const ben = (more: Partial<Stay> = {}): Stay =>
  stay('ben', {
    ...{ askedAt: 2000, enteredAt: 2010, leftAt: 20_000, node: 1 },
    told: [{ at: 2010, what: 'roster', userIds: ['ann', 'ben'] }],
    ...more,
  })

const AWAY: Effect = {
  ...{ node: 1, from: 4000, to: 12_000 },
  ...{ fails: true, misses: true, presence: 'frozen' },
}

function delivery(event: Published, listener: Listening, effects?: readonly Effect[]): Verdict {
  const recording = new Recording()
  recording.published.push(event)
  recording.listening.push(listener)
  return judged(recording, effects)
}

function presence(stays: readonly Stay[], effects?: readonly Effect[]): Verdict {
  const recording = new Recording()
  recording.stays.push(...stays)
  return judged(recording, effects)
}

describe('an event is lost that', () => {
  it.each([
    ['another node was answered 200 for', published(), listening()],
    ['a node did not give to its own subscribers', published({ node: 1 }), listening()],
    [
      'a node kept from its own subscribers while Redis was away',
      published({ node: 1, status: 503 }),
      listening(),
      [AWAY],
    ],
    [
      'was published before a node lost Redis',
      published({ sentAt: 3000, answeredAt: 3010 }),
      listening(),
      [AWAY],
    ],
  ])('%s', (_, event, listener, effects: readonly Effect[] = []) => {
    expect(delivery(event, listener, effects)).toMatchObject({ missed: 0 })
    expect(delivery(event, listener, effects).lost).toHaveLength(1)
  })
})

describe('no event is lost that', () => {
  it.each([
    ['came', published(), listening({ heard: [1], heardAt: [5010] }), []],
    ['was not answered 200', published({ status: 503 }), listening(), [{ ...AWAY, node: 0 }]],
    ['went to another channel', published({ channel: 'b' }), listening(), []],
    ['was published before its subscription', published(), listening({ since: 5001 }), []],
    ['was published when the client was going', published(), listening({ until: 5100 }), []],
  ])('%s', (_, event, listener, effects: readonly Effect[]) => {
    expect(delivery(event, listener, effects)).toMatchObject({ missed: 0, lost: [], errors: [] })
  })

  it('was published while the node of the subscriber was without Redis: that is counted', () => {
    expect(delivery(published(), listening(), [AWAY])).toMatchObject({ missed: 1, lost: [] })
  })
})

it('finds what came twice', () => {
  expect(delivery(published(), listening({ heard: [1, 1], heardAt: [1, 2] })).twice).toBe(1)
})

describe('publishing fails where it may not', () => {
  it.each([
    ['with 503 on a healthy node', 503, []],
    ['with 503 on the node beside', 503, [AWAY]],
    ['with 500 where it may answer 503', 500, [{ ...AWAY, node: 0 }]],
    ['without an answer where it may answer 503', 0, [{ ...AWAY, node: 0 }]],
  ])('%s', (_, status, effects: readonly Effect[]) => {
    expect(delivery(published({ status }), listening(), effects).errors).toHaveLength(1)
  })
})

it('measures how long a 503 took, but on a node that was paused', () => {
  const late = published({ status: 503, sentAt: 5000, answeredAt: 8000 })
  const away = { ...AWAY, node: 0 }
  const paused: Effect = { ...away, presence: 'gone' }
  expect(delivery(late, listening(), [away]).longest503Milliseconds).toBe(3000)
  expect(delivery(late, listening(), [away, paused]).longest503Milliseconds).toBe(0)
})

describe('presence', () => {
  it('is right when everything is told once, in time', () => {
    const verdict = presence([annTold(added(2020), removed(20_020)), ben()])
    expect(verdict).toMatchObject({
      ...{ doubles: [], falseRemovals: [], ghosts: [], wrongViews: [] },
      ...{ repairMilliseconds: 0, changes: 4 },
    })
  })

  it('finds who is told twice to be there, or to be gone', () => {
    const told = annTold(added(2020), added(2030), removed(20_020), removed(20_030))
    expect(presence([told, ben()]).doubles).toHaveLength(2)
  })

  it('finds who is announced as gone and is there', () => {
    const told = annTold(added(2020), removed(9000), added(9010), removed(20_020))
    expect(presence([told, ben()], [AWAY]).falseRemovals).toHaveLength(1)
    expect(presence([told, ben()], [{ ...AWAY, presence: 'gone' }]).falseRemovals).toEqual([])
  })

  it('finds ghosts', () => {
    const late = presence([annTold(added(2020), removed(34_900)), ben()])
    expect(late).toMatchObject({ ghosts: [], wrongViews: [expect.any(String)] })
    expect(presence([annTold(added(2020), removed(35_100)), ben()]).ghosts).toHaveLength(1)
    expect(presence([annTold(added(2020)), ben()]).ghosts).toHaveLength(1)
  })

  it('finds who is not seen', () => {
    expect(presence([annTold(), ben()]).wrongViews).toHaveLength(1)
    const late = annTold(added(11_000), removed(20_020))
    expect(presence([late, ben()]).wrongViews).toHaveLength(1)
    expect(presence([late, ben()], [AWAY])).toMatchObject({
      wrongViews: [],
      repairMilliseconds: SECOND,
    })
  })

  it('waits for those who have not said goodbye', () => {
    const told = annTold(added(2020), removed(22_900))
    expect(presence([told, ben()]).wrongViews).toHaveLength(1)
    expect(presence([told, ben({ isGoodbye: false })]).wrongViews).toEqual([])
  })
})

describe('readiness', () => {
  it('is measured from when it is lost, and until it is there for good', () => {
    const recording = new Recording()
    const statuses = [200, 503, 503, 200, 503, 200]
    for (const [index, status] of statuses.entries()) {
      recording.asked.push({ node: 0, at: 8000 + 1000 * index, status })
    }
    expect(judged(recording)).toMatchObject({
      unreadyMilliseconds: 9000,
      readyMilliseconds: 2000,
    })
  })
})
