import { beforeEach, describe, expect, it } from 'vitest'
import type { Change } from '../../src/broker/roll.ts'
import { Roll } from '../../src/broker/roll.ts'

const member = (userId: string) => ({ userId, userInfo: `{"name":"${userId}"}` })
const added = (userId: string, before: number, number: number): Change => ({
  change: 'added',
  member: member(userId),
  before,
  number,
})
const removed = (userId: string, before: number, number: number): Change => ({
  ...added(userId, before, number),
  change: 'removed',
})

let told: string[]
let roll: Roll

beforeEach(() => {
  told = []
  roll = new Roll({
    added: ({ userId }) => told.push(`+${userId}`),
    removed: (userId) => told.push(`-${userId}`),
  })
})

const present = (): string[] => [...roll].map(({ userId }) => userId)

describe('changes', () => {
  it('are told in their order', () => {
    expect(roll.apply(added('ann', 0, 3))).toBe(true)
    expect(roll.apply(added('bob', 3, 8))).toBe(true)
    expect(roll.apply(removed('ann', 8, 9))).toBe(true)
    expect(told).toEqual(['+ann', '+bob', '-ann'])
    expect(present()).toEqual(['bob'])
    expect([roll.count, roll.number, roll.has('bob')]).toEqual([1, 9, true])
  })

  it('that come twice are told once', () => {
    for (const _ of [1, 2]) expect(roll.apply(added('ann', 0, 3))).toBe(true)
    expect(told).toEqual(['+ann'])
  })

  it('that come late, behind a later one, are passed over', () => {
    roll.apply(added('ann', 0, 3))
    roll.apply(removed('ann', 3, 4))
    expect(roll.apply(added('ann', 0, 3))).toBe(true)
    expect(present()).toEqual([])
  })

  it('behind one that is missing ask for a snapshot and change nothing', () => {
    roll.apply(added('ann', 0, 3))
    expect(roll.apply(added('cat', 5, 6))).toBe(false)
    expect(present()).toEqual(['ann'])
    expect(roll.number).toBe(3)
  })

  it('of a first number that is not theirs ask for a snapshot', () => {
    expect(roll.apply(added('ann', 2, 3))).toBe(false)
  })
})

describe('a snapshot', () => {
  it('is told as the difference to what was known', () => {
    roll.apply(added('ann', 0, 1))
    roll.apply(added('bob', 1, 2))
    roll.expectSnapshot()
    expect(roll.isLoading).toBe(true)
    told = []
    expect(roll.load({ number: 9, members: [member('bob'), member('cat')] })).toBe(true)
    expect(told).toEqual(['-ann', '+cat'])
    expect([roll.number, roll.isLoading]).toEqual([9, false])
  })

  it('of an empty channel removes everybody and counts from 0', () => {
    roll.apply(added('ann', 0, 1))
    roll.expectSnapshot()
    roll.load({ number: 0, members: [] })
    expect(present()).toEqual([])
    expect(roll.apply(added('bob', 0, 5))).toBe(true)
    expect(present()).toEqual(['bob'])
  })

  it('is followed by what came while it was awaited, and not by what it holds already', () => {
    roll.expectSnapshot()
    for (const change of [added('ann', 0, 1), added('bob', 1, 2), removed('ann', 2, 3)]) {
      expect(roll.apply(change)).toBe(true)
    }
    expect(told).toEqual([])
    expect(roll.load({ number: 2, members: [member('ann'), member('bob')] })).toBe(true)
    expect(told).toEqual(['+ann', '+bob', '-ann'])
    expect(roll.number).toBe(3)
  })

  it('with a gap behind it asks for another', () => {
    roll.expectSnapshot()
    roll.apply(added('cat', 6, 7))
    expect(roll.load({ number: 2, members: [member('ann')] })).toBe(false)
    expect(present()).toEqual(['ann'])
  })

  it('asked for twice keeps what came after the first', () => {
    roll.expectSnapshot()
    roll.apply(added('bob', 1, 2))
    roll.expectSnapshot()
    roll.load({ number: 1, members: [member('ann')] })
    expect(present()).toEqual(['ann', 'bob'])
  })

  it('for which too much has waited asks for another', () => {
    roll.expectSnapshot()
    for (let number = 1; number <= 1001; number += 1) {
      roll.apply(added(`user-${number}`, number - 1, number))
    }
    expect(roll.load({ number: 0, members: [] })).toBe(false)
    expect(roll.count).toBe(1000)
    roll.expectSnapshot()
    expect(roll.load({ number: 1001, members: [member('user-1')] })).toBe(true)
  })

  it('that does not come loses what has waited for it', () => {
    roll.expectSnapshot()
    roll.apply(added('ann', 0, 1))
    roll.forgetSnapshot()
    expect([roll.isLoading, roll.count]).toEqual([false, 0])
    expect(roll.apply(added('bob', 1, 2))).toBe(false)
  })
})

describe('somebody who is here whatever Redis says', () => {
  it('is told once, also when Redis tells it after all', () => {
    roll.add(member('ann'))
    roll.add(member('ann'))
    roll.apply(added('ann', 0, 1))
    expect(told).toEqual(['+ann'])
  })

  it('is removed once', () => {
    roll.add(member('ann'))
    roll.remove('ann')
    roll.remove('ann')
    expect(told).toEqual(['+ann', '-ann'])
  })
})
