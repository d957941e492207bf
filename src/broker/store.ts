/**
 * One shard's data in Redis: what its scripts are given and what they answer. Holds no state.
 *
 * Every call fails after the client's command timeout; what it asked for may still happen later.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Member } from '../../channels/kind.ts'
import type { RedisClient } from '../redis/connect.ts'
import { isReply } from '../redis/location.ts'
import { argumentsOf, type Operation } from './operations.ts'
import { OVERVIEW, type Overview, overviewArguments, readOverview } from './overview.ts'
import * as scripts from './scripts.ts'
import { fromRedis, toRedis } from './user-id.ts'

export interface StoreOptions {
  readonly redis: RedisClient
  /** Of all keys and channels of the shard; its braces keep them in one slot of a Cluster. */
  readonly prefix: string
  /** SPUBLISH where the shard's channel is a sharded one. */
  readonly send: 'PUBLISH' | 'SPUBLISH'
  readonly leaseMilliseconds: number
  /** How long those who have gone may come back before it is told. */
  readonly graceMilliseconds: number
}

/** Who a node is to the others, until its lease ends or it takes another name. */
export interface Incarnation {
  readonly id: string
  readonly generation: string
}

/** Why nothing was done: the lease has ended, or these are other data than the lease was for. */
export type Refused = 'lease' | 'gen'

export interface Renewed {
  readonly outcome: 'ok' | Refused
  /** Entries of the incarnation. */
  readonly entries: number
  /** Incarnations whose lease holds. */
  readonly holding: number
  /** How many of those who have gone are to be told. */
  readonly due: number
  /** Some incarnations whose lease has ended. */
  readonly ended: readonly string[]
  /** How late the event loop of the latest of the others is. */
  readonly latestMilliseconds: number
}

/** Somebody or something that has gone, and has not come back. */
export type Gone =
  | { readonly name: 'member_removed'; appId: string; channel: string; userId: string }
  | { readonly name: 'channel_vacated'; appId: string; channel: string }

/** An entry of an incarnation: a user in a channel, or without one a channel's subscriptions. */
export interface Held {
  readonly appId: string
  readonly channel: string
  readonly userId?: string
}

export interface Recalled {
  /** Undefined where nothing is remembered. */
  readonly text: string | undefined
  readonly ttlMilliseconds: number
  /** Whether it is for the caller to tell that nothing is. */
  readonly tellsMiss: boolean
}

const BEGUN = z.tuple([z.string(), z.int()])
const RENEWED = z.tuple([
  z.enum(['ok', 'lease', 'gen']),
  z.int(),
  z.int(),
  z.int(),
  z.array(z.string()),
  z.int(),
])
const RECALLED = z.tuple([z.string(), z.int(), z.int()])
const NUMBERS = z.array(z.int())
const TEXTS = z.array(z.string())
const REFUSED = z.tuple([z.enum(['lease', 'gen'])])
const ANSWERS = z.array(z.unknown())
const SCANNED = z.tuple([z.string(), z.array(z.string())])

const MOST_GONE = 100
const REAPED_AT_ONCE = 200
/** Fields that Redis looks at before it does something else in between. */
const SCANNED_AT_ONCE = 1000

/** A script, and the name under which Redis knows it once it has run. */
const named = (text: string) => ({ text, sha: createHash('sha1').update(text).digest('hex') })
const APPLY = named(scripts.APPLY)
const RECALL = named(scripts.RECALL)
const REMEMBER = named(scripts.REMEMBER)
const WHO = named(scripts.WHO)
const OFFSETS = named(scripts.OFFSETS)
const CLAIM = named(scripts.CLAIM)
const SETTLE = named(scripts.SETTLE)
const USER_COUNTS = named(scripts.USER_COUNTS)
const RENEW = named(scripts.RENEW)
const NAMES = named(scripts.NAMES)
const ANSWER = named(scripts.ANSWER)
const TAKE_ANSWERS = named(scripts.TAKE_ANSWERS)

/** Longer than anybody waits for them. */
const ANSWERS_KEPT_MS = 5000

export class Store {
  readonly #options: StoreOptions

  constructor(options: StoreOptions) {
    this.#options = options
  }

  /** The channel on which the shard's nodes talk. */
  get bus(): string {
    return `${this.#options.prefix}bus`
  }

  /** @param about what it says of itself, JSON @param before the one that it takes the place of */
  async begin(
    id: string,
    generation: string,
    about: string,
    before: string,
  ): Promise<{ generation: string; hasHeld: boolean }> {
    const { leaseMilliseconds } = this.#options
    const answer = await this.#run(scripts.BEGIN, [
      id,
      leaseMilliseconds,
      generation,
      about,
      before,
    ])
    const [current, holds] = BEGUN.parse(answer)
    return { generation: current, hasHeld: holds === 1 }
  }

  /**
   * @param isKnown whether Redis has the script: calls that follow each other must not overtake
   * @returns the answers in the order of the operations, or why none was done
   */
  async apply(
    { id, generation }: Incarnation,
    operations: readonly Operation[],
    isKnown: boolean,
  ): Promise<readonly unknown[] | Refused> {
    const { graceMilliseconds, send } = this.#options
    const given = [id, generation, graceMilliseconds, send, operations.length]
    const values = [...given, ...operations.flatMap(argumentsOf)]
    const answer = await (isKnown
      ? this.#runNamed(APPLY.sha, values)
      : this.#run(scripts.APPLY, values))
    const refused = REFUSED.safeParse(answer)
    return refused.success ? refused.data[0] : ANSWERS.parse(answer)
  }

  /** @param delayMilliseconds how late this node's event loop is */
  async renew({ id, generation }: Incarnation, delayMilliseconds: number): Promise<Renewed> {
    const { leaseMilliseconds } = this.#options
    const given = [id, generation, leaseMilliseconds, Math.round(delayMilliseconds)]
    const answer = await this.#runKnown(RENEW, given)
    const [outcome, entries, holding, due, ended, latestMilliseconds] = RENEWED.parse(answer)
    return { outcome, entries, holding, due, ended, latestMilliseconds }
  }

  /** Everything that an incarnation holds, in parts that let others in between. */
  async *entries(id: string): AsyncGenerator<readonly Held[]> {
    let cursor = '0'
    do {
      const [next, fields] = SCANNED.parse(
        await this.#run(scripts.ENTRIES, [id, cursor, SCANNED_AT_ONCE]),
      )
      cursor = next
      yield fields.filter((_, index) => index % 2 === 0).map(readHeld)
    } while (cursor !== '0')
  }

  /** Lets an incarnation's lease end. @param milliseconds until then */
  async retire(id: string, milliseconds: number): Promise<void> {
    await this.#run(scripts.RETIRE, [id, milliseconds])
  }

  /** Removes some of what an incarnation left whose lease has ended. @returns how much is left */
  async reap(dead: string): Promise<number> {
    const { graceMilliseconds, send } = this.#options
    const given = [dead, graceMilliseconds, send, REAPED_AT_ONCE]
    return z.int().parse(await this.#run(scripts.REAP, given))
  }

  async takeGone(): Promise<readonly Gone[]> {
    const taken = TEXTS.parse(await this.#run(scripts.TAKE_GONE, [MOST_GONE]))
    return taken.map(readGone)
  }

  /** What Redis has of all nodes. @param id of the incarnation that asks */
  async overview(id: string): Promise<Overview> {
    return readOverview(await this.#run(OVERVIEW, overviewArguments(id)))
  }

  /** The last event of a cache channel. @param missMilliseconds 0 where nobody is told of its absence */
  async recall(appId: string, channel: string, missMilliseconds: number): Promise<Recalled> {
    const answer = await this.#runKnown(RECALL, [appId, channel, missMilliseconds])
    const [text, ttl, told] = RECALLED.parse(answer)
    return {
      text: text === '' ? undefined : text,
      ttlMilliseconds: Math.max(0, ttl),
      tellsMiss: told === 1,
    }
  }

  async remember(
    appId: string,
    channel: string,
    text: string,
    ttlMilliseconds: number,
  ): Promise<void> {
    await this.#runKnown(REMEMBER, [appId, channel, text, ttlMilliseconds])
  }

  /** @returns what is kept under a name, '' while it is not there yet, undefined for who asks first */
  async claim(appId: string, name: string, milliseconds: number): Promise<string | undefined> {
    const answer = await this.#runKnown(CLAIM, [appId, name, milliseconds])
    return z.string().nullable().parse(answer) ?? undefined
  }

  /** Keeps a text under a name that was claimed, or gives the name back where there is none. */
  async settle(
    appId: string,
    name: string,
    text: string | undefined,
    milliseconds: number,
  ): Promise<void> {
    await this.#runKnown(SETTLE, [appId, name, text ?? '', milliseconds])
  }

  /** Which of some users are in a channel, and the number of the last change before that was asked. */
  async who(
    appId: string,
    channel: string,
    userIds: readonly string[],
  ): Promise<{ number: number; present: readonly boolean[] }> {
    const answer = await this.#runKnown(WHO, [appId, channel, ...userIds.map(toRedis)])
    const [number = 0, ...present] = NUMBERS.parse(answer)
    return { number, present: present.map((is) => is === 1) }
  }

  /** The numbers of the last changes of channels, `app\nchannel` each. */
  async offsets(topics: readonly string[]): Promise<readonly number[]> {
    return NUMBERS.parse(await this.#runKnown(OFFSETS, topics))
  }

  /** How many subscriptions each channel has. */
  async totals(appId: string, channels: readonly string[]): Promise<readonly number[]> {
    const totals = await this.#options.redis.hmget(this.#totals(appId), ...channels)
    return totals.map((total) => Number(total ?? 0))
  }

  /** The occupied channels of an app whose names begin like this, in parts that let others in between. */
  async *channels(appId: string, prefix: string): AsyncGenerator<readonly string[]> {
    const pattern = `${prefix.replace(/[*?[\]\\]/g, '\\$&')}*`
    let cursor = '0'
    do {
      const answer = await this.#options.redis.hscan(
        this.#totals(appId),
        cursor,
        'MATCH',
        pattern,
        'COUNT',
        SCANNED_AT_ONCE,
      )
      const [next, fields] = SCANNED.parse(answer)
      cursor = next
      yield fields.filter((_, index) => index % 2 === 0)
    } while (cursor !== '0')
  }

  /** How many users are in each channel. */
  async userCounts(appId: string, channels: readonly string[]): Promise<readonly number[]> {
    return NUMBERS.parse(await this.#runKnown(USER_COUNTS, [appId, ...channels]))
  }

  async users(appId: string, channel: string): Promise<readonly string[]> {
    const fields = await this.#options.redis.hkeys(this.#members(appId, channel))
    return fields.filter((userId) => userId !== '').map(fromRedis)
  }

  /** The users of a channel, with what the app says of them. */
  async members(appId: string, channel: string): Promise<readonly Member[]> {
    const fields = await this.#options.redis.hgetall(this.#members(appId, channel))
    return Object.entries(fields).flatMap(([userId, seat]) =>
      userId === ''
        ? []
        : { userId: fromRedis(userId), userInfo: seat.slice(seat.indexOf(' ') + 1) },
    )
  }

  /** Every incarnation whose lease holds, and what it says of itself, JSON. */
  async names(): Promise<ReadonlyMap<string, string>> {
    const answer = TEXTS.parse(await this.#runKnown(NAMES, []))
    const names = new Map<string, string>()
    for (let at = 0; at + 1 < answer.length; at += 2) {
      names.set(answer[at] ?? '', answer[at + 1] ?? '')
    }
    return names
  }

  /** Answers a question of another node. @param node who answers */
  async answer(id: string, node: string, answer: object): Promise<void> {
    await this.#runKnown(ANSWER, [id, JSON.stringify({ node, answer }), ANSWERS_KEPT_MS])
  }

  /** Takes some of the answers that have come to a question, as `answer` wrote them. */
  async takeAnswers(id: string, most: number): Promise<readonly string[]> {
    return TEXTS.parse(await this.#runKnown(TAKE_ANSWERS, [id, most]))
  }

  /** Says something to all nodes. */
  async publish(message: string): Promise<void> {
    const { redis, send } = this.#options
    await (send === 'PUBLISH'
      ? redis.publish(this.bus, message)
      : redis.spublish(this.bus, message))
  }

  #totals(appId: string): string {
    return `${this.#options.prefix}total:${appId}`
  }

  #members(appId: string, channel: string): string {
    return `${this.#options.prefix}members:${appId}\n${channel}`
  }

  #run(script: string, values: readonly (string | number)[]): Promise<unknown> {
    const { redis, prefix } = this.#options
    return redis.eval(script, 1, `${prefix}nodes`, prefix, ...values)
  }

  #runNamed(sha: string, values: readonly (string | number)[]): Promise<unknown> {
    const { redis, prefix } = this.#options
    return redis.evalsha(sha, 1, `${prefix}nodes`, prefix, ...values)
  }

  /** Sends the script's name only. Where Redis has forgotten it, the whole of it once more. */
  async #runKnown(
    { text, sha }: { readonly text: string; readonly sha: string },
    values: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      return await this.#runNamed(sha, values)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return this.#run(text, values)
    }
  }
}

/** Redis has forgotten a script, as it does when it starts. */
export const isUnknownScript = (error: unknown): boolean =>
  isReply(error) && error.message.startsWith('NOSCRIPT')

function readHeld(field: string): Held {
  const [kind, appId = '', channel = '', ...user] = field.split('\n')
  return kind === 'c' ? { appId, channel } : { appId, channel, userId: fromRedis(user.join('\n')) }
}

function readGone(text: string): Gone {
  const [kind, appId = '', channel = '', ...user] = text.split('\n')
  if (kind === 'v') return { name: 'channel_vacated', appId, channel }
  return { name: 'member_removed', appId, channel, userId: fromRedis(user.join('\n')) }
}
