/** The roster that is kept as text must equal the one that is written out anew. */
import { describe, expect, it } from 'vitest'
import type { Member } from '../../channels/kind.ts'
import { Members } from '../../channels/members.ts'
import { Roster } from '../../src/protocol/roster.ts'
import { seeded } from '../support/seeded.ts'

/** The plain twin: what `Roster` is an optimisation of. */
function plain(members: readonly Member[]): string {
  const quoted = (text: string) => JSON.stringify(text)
  const ids = members.map(({ userId }) => quoted(userId))
  const hash = members.map(({ userId, userInfo }) => `${quoted(userId)}:${userInfo}`)
  return quoted(
    `{"presence":{"count":${members.length},"ids":[${ids.join()}],"hash":{${hash.join()}}}}`,
  )
}

const member = (userId: string, userInfo: unknown = null): Member => ({
  userId,
  userInfo: JSON.stringify(userInfo),
})

/** A channel's members and their roster, changed together as the hub does. */
function presence() {
  const members = new Members()
  const roster = new Roster()
  return {
    join(socketId: string, who: Member) {
      if (members.join(socketId, who)) roster.add(who)
    },
    leave(socketId: string) {
      if (members.leave(socketId) !== undefined) roster.remove()
    },
    text: () => roster.encode(members),
    plain: () => plain([...members]),
  }
}

describe('the roster', () => {
  it('lists each user once in ids and hash', () => {
    const { join, text } = presence()
    join('1.1', member('7', { name: 'A' }))
    join('1.2', member('9', { name: 'B' }))
    join('1.3', member('7', { name: 'again' }))
    expect(text()).toBe(
      String.raw`"{\"presence\":{\"count\":2,\"ids\":[\"7\",\"9\"],\"hash\":{\"7\":{\"name\":\"A\"},\"9\":{\"name\":\"B\"}}}}"`,
    )
  })

  it('has an object for hash when nobody is there', () => {
    expect(JSON.parse(JSON.parse(presence().text()))).toEqual({
      presence: { count: 0, ids: [], hash: {} },
    })
  })

  it.each([
    ['quotation marks and backslashes', 'a"\\b', { name: '"\\"' }],
    ['line breaks and control characters', '\n\0\u2028', { name: '\r\n\u0007' }],
    ['letters beyond ASCII', 'Ren\u00e9 \ud83d\ude00', { name: '\u6f22' }],
    ['a lone surrogate', '\ud800', { name: '\udc00' }],
    ['a name that objects have', '__proto__', { constructor: 1 }],
    ['true for user_info', '7', true],
  ])('is valid JSON around %s', (_what, userId, userInfo) => {
    const { join, text, plain } = presence()
    join('1.1', member(userId, userInfo))
    expect(text()).toBe(plain())
    const { hash, ids } = JSON.parse(JSON.parse(text())).presence
    expect(ids).toEqual([userId])
    expect(Object.entries(hash)).toEqual([[userId, userInfo]])
  })

  it('equals its plain twin after any sequence of joins and leaves', () => {
    const { join, leave, text, plain } = presence()
    const random = seeded(1)
    for (let step = 0; step < 2000; step += 1) {
      const socket = random(40)
      leave(`1.${socket}`)
      if (random(3) > 0) join(`1.${socket}`, member(`user "${random(15)}"`, { step }))
      if (random(4) === 0) expect(text()).toBe(plain())
    }
    expect(text()).toBe(plain())
  })
})
