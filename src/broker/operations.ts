/**
 * What a node changes in Redis, one operation of the script APPLY each, and what comes of it. Pure.
 *
 * Each says what is to hold, not what to add: done twice it is done once.
 */
import { z } from 'zod'
import type { Member } from '../../channels/kind.ts'
import type { Snapshot } from './roll.ts'
import { fromRedis, toRedis } from './user-id.ts'

interface At {
  readonly appId: string
  readonly channel: string
}

/** A user is in a channel on this node. */
export interface Enter extends At {
  readonly type: 'enter'
  readonly member: Member
  /** Most members of the channel; 0 where it is not for Redis to refuse. */
  readonly most: number
}

/** A user is in a channel on this node no longer. */
export interface Exit extends At {
  readonly type: 'exit'
  readonly userId: string
  /** Whether webhooks are told, after the grace. */
  readonly tells: boolean
}

/** So many connections of this node are subscribed to a channel. */
export interface Count extends At {
  readonly type: 'count'
  readonly count: number
  /** Whether webhooks are told when the channel is vacated, after the grace. */
  readonly tells: boolean
  /** Whether all nodes are told the new total. */
  readonly announces: boolean
}

/** Asks who is in a channel. */
export interface Look extends At {
  readonly type: 'look'
}

export type Operation = Enter | Exit | Count | Look

/** `again`: it was so already. `present`: on another node as well. `returned`: before the grace was over. */
export interface Entered {
  readonly outcome: 'added' | 'returned' | 'present' | 'again' | 'full'
  readonly before: number
  readonly number: number
}

export interface Exited {
  readonly outcome: 'removed' | 'present' | 'absent'
  readonly before: number
  readonly number: number
}

export interface Counted {
  readonly outcome: 'occupied' | 'returned' | 'vacated' | 'same'
  readonly total: number
  /** Of the announcement; 0 without one. */
  readonly number: number
}

export interface Outcomes {
  readonly enter: Entered
  readonly exit: Exited
  readonly count: Counted
  readonly look: Snapshot
}

export function argumentsOf(operation: Operation): readonly string[] {
  const { appId, channel } = operation
  switch (operation.type) {
    case 'enter': {
      const { member, most } = operation
      return ['E', appId, channel, toRedis(member.userId), member.userInfo, String(most)]
    }
    case 'exit':
      return ['X', appId, channel, toRedis(operation.userId), operation.tells ? '1' : '0', '']
    case 'count': {
      const flags = `${operation.tells ? 'v' : ''}${operation.announces ? 'a' : ''}`
      return ['C', appId, channel, '', String(operation.count), flags]
    }
    case 'look':
      return ['S', appId, channel, '', '', '']
  }
}

const ENTERED = z.tuple([
  z.enum(['added', 'returned', 'present', 'again', 'full']),
  z.int(),
  z.int(),
])
const EXITED = z.tuple([z.enum(['removed', 'present', 'absent']), z.int(), z.int()])
const COUNTED = z.tuple([z.enum(['occupied', 'returned', 'vacated', 'same']), z.int(), z.int()])
const TEXTS = z.array(z.string())

/** @throws ZodError when it is no answer to an operation of this type */
export const readEntered = (answer: unknown): Entered => {
  const [outcome, before, number] = ENTERED.parse(answer)
  return { outcome, before, number }
}

/** @throws ZodError when it is no answer to an operation of this type */
export const readExited = (answer: unknown): Exited => {
  const [outcome, before, number] = EXITED.parse(answer)
  return { outcome, before, number }
}

/** @throws ZodError when it is no answer to an operation of this type */
export const readCounted = (answer: unknown): Counted => {
  const [outcome, total, number] = COUNTED.parse(answer)
  return { outcome, total, number }
}

/** What HGETALL says of a channel's members. @throws ZodError when it is something else */
export function readSnapshot(answer: unknown): Snapshot {
  const texts = TEXTS.parse(answer)
  const members: Member[] = []
  let number = 0
  for (let i = 0; i + 1 < texts.length; i += 2) {
    const userId = texts[i] ?? ''
    const seat = texts[i + 1] ?? ''
    if (userId === '') number = Number(seat)
    else members.push({ userId: fromRedis(userId), userInfo: seat.slice(seat.indexOf(' ') + 1) })
  }
  return { number, members }
}
