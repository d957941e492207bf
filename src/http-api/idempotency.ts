/**
 * Publishes once what is sent twice. A request that names the `idempotency_key` of an earlier one
 * gets that one's answer for two minutes, as Sockudo does; which of them came first is what counts.
 *
 * Kept on this node and in bounded memory: the least recently used go first.
 */
import { LRUCache } from 'lru-cache'
import type { App } from '../apps/app.ts'
import type { Clock } from '../clock.ts'
import { isObject } from '../protocol/json.ts'
import { type HttpResponse, refusal } from './exchange.ts'

const KEY_LENGTH = 128
const KEPT_MILLISECONDS = 120_000
const MOST_BYTES = 16 * 1024 * 1024
/** The longest a text can be in memory, per character. */
const BYTES_PER_CHARACTER = 2

export class Idempotency {
  readonly #answers: LRUCache<string, HttpResponse>
  readonly #underWay = new Map<string, Promise<HttpResponse>>()

  constructor(clock: Clock) {
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
  once(
    body: unknown,
    app: App,
    publish: () => HttpResponse | Promise<HttpResponse>,
  ): HttpResponse | Promise<HttpResponse> {
    const key = isObject(body) ? (body['idempotency_key'] ?? undefined) : undefined
    if (key === undefined) return publish()
    if (typeof key !== 'string' || key === '' || key.length > KEY_LENGTH) {
      return refusal(400, `idempotency_key is a string of 1 to ${KEY_LENGTH} characters.`)
    }
    const name = `${app.id}\n${key}`
    const before = this.#answers.get(name) ?? this.#underWay.get(name)
    if (before !== undefined) return before
    const answer = publish()
    if (!(answer instanceof Promise)) return this.#keep(name, answer)
    const kept = answer
      .then((response) => this.#keep(name, response))
      .finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, kept)
    return kept
  }

  #keep(name: string, answer: HttpResponse): HttpResponse {
    if (answer.status === 200) this.#answers.set(name, answer)
    return answer
  }
}
