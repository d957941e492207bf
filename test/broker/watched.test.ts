import { beforeEach, describe, expect, it } from 'vitest'
import { type AskWho, Watched } from '../../src/broker/watched.ts'

let told: string[]
let online: Set<string>
let number: number
/** What was asked, each until it is answered. */
let asked: { userIds: readonly string[]; answer: () => void }[]
let isAway: boolean
let watched: Watched

const ask: AskWho = (_appId, userIds) =>
  new Promise((resolve) => {
    const answer = (): void =>
      resolve(isAway ? undefined : { number, present: userIds.map((userId) => online.has(userId)) })
    asked.push({ userIds, answer })
  })

beforeEach(() => {
  told = []
  online = new Set()
  number = 1
  asked = []
  isAway = false
  watched = new Watched({
    ask,
    announce: (_appId, userId, isOnline) => told.push(`${isOnline ? '+' : '-'}${userId}`),
  })
})

const answer = (): void => {
  for (const { answer: give } of asked.splice(0)) give()
}

/** Answers what is asked until it is done. */
async function answered<T>(work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  while (!isDone) {
    answer()
    await new Promise(setImmediate)
  }
  return done
}

describe('whoever is watched', () => {
  it('is told of as Redis has them, to whom begins to watch', async () => {
    online.add('ann')
    expect(await answered(watched.watch('1', ['ann', 'bob']))).toEqual(new Set(['ann']))
    expect(told).toEqual([])
  })

  it('is told of once per change, however often it is heard', async () => {
    await answered(watched.watch('1', ['ann']))
    for (const _ of [1, 2]) watched.changed('1', 'ann', true, 2)
    watched.changed('1', 'ann', false, 3)
    watched.changed('1', 'ann', true, 2) // late
    expect(told).toEqual(['+ann', '-ann'])
  })

  it('of another app is somebody else', async () => {
    await answered(watched.watch('1', ['ann']))
    watched.changed('2', 'ann', true, 2)
    expect(told).toEqual([])
  })

  it('is known by what came while Redis was asked', async () => {
    const work = watched.watch('1', ['ann'])
    watched.changed('1', 'ann', true, 5)
    number = 4 // it was asked before
    expect(await answered(work)).toEqual(new Set(['ann']))
  })

  it('is told of to earlier watchers when a later one learns of a change', async () => {
    await answered(watched.watch('1', ['ann']))
    online.add('ann')
    number = 2
    await answered(watched.watch('1', ['ann']))
    expect(told).toEqual(['+ann'])
  })

  it('is told of when it is looked up anew, where something was missed', async () => {
    await answered(watched.watch('1', ['ann', 'bob']))
    online.add('bob')
    number = 9
    await answered(watched.refresh())
    expect(told).toEqual(['+bob'])
    watched.changed('1', 'bob', true, 8)
    expect(told).toEqual(['+bob'])
  })

  it('stays as it is known while Redis is away', async () => {
    await answered(watched.watch('1', ['ann']))
    watched.changed('1', 'ann', true, 0)
    isAway = true
    await answered(watched.refresh())
    expect(await answered(watched.watch('1', ['ann']))).toEqual(new Set(['ann']))
    expect(told).toEqual(['+ann'])
  })

  it('is heard of again when the numbers begin anew', async () => {
    await answered(watched.watch('1', ['ann']))
    watched.changed('1', 'ann', true, 90)
    watched.forgetNumbers()
    watched.changed('1', 'ann', false, 2)
    expect(told).toEqual(['+ann', '-ann'])
  })

  it('is forgotten with its last watcher', async () => {
    await answered(watched.watch('1', ['ann']))
    await answered(watched.watch('1', ['ann']))
    watched.unwatch('1', ['ann', 'nobody'])
    watched.changed('1', 'ann', true, 2)
    watched.unwatch('1', ['ann'])
    watched.changed('1', 'ann', false, 3)
    expect(told).toEqual(['+ann'])
    await answered(watched.refresh())
    expect(asked).toEqual([])
  })

  it('is asked for with others, five hundred at once', async () => {
    const work = watched.watch(
      '1',
      Array.from({ length: 1100 }, (_, index) => `user-${index}`),
    )
    const sizes: number[] = []
    for (let part = 0; part < 3; part += 1) {
      sizes.push(...asked.map(({ userIds }) => userIds.length))
      answer()
      await new Promise(setImmediate)
    }
    await work
    expect(sizes).toEqual([500, 500, 100])
  })
})
