/**
 * Publishes once what is sent twice. A request that names the `idempotency_key` of an earlier one
 * gets that one's answer for two minutes, as Sockudo does; which of them came first is what counts.
 *
 * Kept on this node in bounded memory, where the least recently used go first; whichever node it comes to,
 * the broker knows whether it came to another before.
 */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { App } from '../apps/app.ts'
import type { Broker, Soon } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { isObject } from '../protocol/json.ts'
import { type HttpResponse, refusal } from './exchange.ts'

const KEY_LENGTH = 128
const KEPT_MILLISECONDS = 120_000
const MOST_BYTES = 16 * 1024 * 1024
/** The longest a text can be in memory, per character. */
const BYTES_PER_CHARACTER = 2

/** Between looking whether another node has finished what it has begun, and how often. */
const LOOK_MILLISECONDS = 50
const MOST_LOOKS = 40

type Claims = Pick<Broker, 'claim' | 'settle'>

/** Where no other node can have been asked. */
const ALONE: Claims = { claim: () => undefined, settle: () => {} }

export class Idempotency {
  readonly #answers: LRUCache<string, HttpResponse>
  readonly #underWay = new Map<string, Promise<HttpResponse>>()
  readonly #clock: Clock
  readonly #claims: Claims

  constructor(clock: Clock, claims = ALONE) {
    this.#clock = clock
    this.#claims = claims
    this.#answers = new LRUCache({
      ttl: KEPT_MILLISECONDS,
      ttlResolution: 0,
      maxSize: MOST_BYTES,
      sizeCalculation: ({ body }, name) => (name.length + body.length) * BYTES_PER_CHARACTER,
      perf: { now: () => clock.now() },
    })
  }

  /**
   * Publishes, unless `body` names a key under which this app has published already.
   * @param publish called at most once; only what it answers with 200 is kept
   */
  once(body: unknown, app: App, publish: () => Soon<HttpResponse>): Soon<HttpResponse> {
    const key = isObject(body) ? (body['idempotency_key'] ?? undefined) : undefined
    if (key === undefined) return publish()
    if (typeof key !== 'string' || key === '' || key.length > KEY_LENGTH) {
      return refusal(400, `idempotency_key is a string of 1 to ${KEY_LENGTH} characters.`)
    }
    const name = `${app.id}\n${key}`
    const before = this.#answers.get(name) ?? this.#underWay.get(name)
    if (before !== undefined) return before
    const claimed = this.#claims.claim(app, nameOf(key))
    const answer =
      claimed instanceof Promise ? this.#onceOfAll(key, app, claimed, publish) : publish()
    if (!(answer instanceof Promise)) return this.#keep(name, answer)
    const kept = answer
      .then((response) => this.#keep(name, response))
      .finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, kept)
    return kept
  }

  /** Publishes where no other node has, or answers as that one did. */
  async #onceOfAll(
    key: string,
    app: App,
    claimed: Promise<string | undefined>,
    publish: () => Soon<HttpResponse>,
  ): Promise<HttpResponse> {
    const name = nameOf(key)
    let before = await claimed
    for (let looks = 0; before === '' && looks < MOST_LOOKS; looks += 1) {
      await new Promise<void>((resolve) => this.#clock.after(LOOK_MILLISECONDS, resolve))
      before = await this.#claims.claim(app, name)
    }
    if (before === '') return refusal(503, 'Another request of this idempotency_key is under way.')
    if (before !== undefined) return { status: 200, body: before }
    let body: string | undefined
    try {
      const response = await publish()
      if (response.status === 200) body = response.body
      return response
    } finally {
      await this.#claims.settle(app, name, body)
    }
  }

  #keep(name: string, answer: HttpResponse): HttpResponse {
    if (answer.status === 200) this.#answers.set(name, answer)
    return answer
  }
}

/** Of bounded length, and without characters that other places would have to allow. */
const nameOf = (key: string): string => hash('sha256', key)
