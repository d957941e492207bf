/**
 * The Laravel app behind the bridge: one address, so many requests at once, and as many in line.
 *
 * A request in line waits no longer than one request may take: those before it are answered or
 * given up by then, and are as many as may stand in line. One page cannot fill the line against
 * others: where it is full, who has most in it gives way.
 */
import type { LaravelSource } from '../config/schema/laravel-source.ts'
import { Outward, type OutwardOutcome } from '../outward/outward.ts'

export interface UpstreamRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Aborts when nobody waits for the answer any more; the place is free at once. */
  readonly signal: AbortSignal
  /** Whose request it is. */
  readonly socketId: string
}

/** A request in line. */
interface Waiting {
  readonly socketId: string
  /** Called once, and out of line by then. */
  readonly end: (how: 'turn' | 'busy' | 'gone') => void
}

const ANSWER_BYTES = 64 * 1024

export class Upstream {
  readonly #settings: LaravelSource
  readonly #outward: Outward
  readonly #most: number
  readonly #line = new Set<Waiting>()
  #running = 0
  /** Called when the last request is answered, once it is retired. */
  #whenIdle: (() => void) | undefined

  constructor(settings: LaravelSource) {
    this.#settings = settings
    this.#most = settings.authConcurrency
    this.#outward = new Outward({
      timeoutMilliseconds: settings.authTimeoutSeconds * 1000,
      answerBytes: ANSWER_BYTES,
      allowPrivateAddress: true, // the operator names this one address, most often on the same machine
      connections: settings.authConcurrency,
    })
  }

  /** Requests that the Laravel app is answering. */
  get running(): number {
    return this.#running
  }

  /** Whether it is what these settings ask for. */
  isFor(settings: LaravelSource): boolean {
    const own = this.#settings
    return (
      own.authUrl === settings.authUrl &&
      own.authTimeoutSeconds === settings.authTimeoutSeconds &&
      own.authConcurrency === settings.authConcurrency
    )
  }

  /** Posts to the app when it is this request's turn. Never rejects. */
  async ask({ socketId, ...request }: UpstreamRequest): Promise<OutwardOutcome | 'busy' | 'gone'> {
    if (this.#running < this.#most) {
      this.#running += 1
    } else {
      if (this.#line.size >= this.#most && !this.#makeRoom(socketId)) return 'busy'
      const how = await this.#turn(socketId, request.signal)
      if (how !== 'turn') return how
    }
    try {
      return await this.#outward.request({ ...request, method: 'POST', isRepeatable: true })
    } finally {
      this.#leave()
    }
  }

  /** Takes no more requests; resolves when those it has are answered and its connections ended. */
  async retire(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    await this.#outward.close()
  }

  /** Ends its connections at once: requests under way fail. */
  async close(): Promise<void> {
    await this.#outward.close()
  }

  /** Waits in line until it is this one's turn, it had to give way, or its client went away. */
  #turn(socketId: string, signal: AbortSignal): Promise<'turn' | 'busy' | 'gone'> {
    return new Promise((resolve) => {
      const waiting = { socketId, end: resolve }
      this.#line.add(waiting)
      signal.addEventListener('abort', () => {
        if (this.#line.delete(waiting)) resolve('gone')
      })
    })
  }

  /**
   * Sends away the last request of the socket that has most in line. @returns false when it has no
   * more than `socketId` would have then
   */
  #makeRoom(socketId: string): boolean {
    const counts = new Map<string, number>()
    for (const { socketId: other } of this.#line) counts.set(other, (counts.get(other) ?? 0) + 1)
    const most = Math.max(...counts.values())
    if (most <= (counts.get(socketId) ?? 0) + 1) return false
    const last = [...this.#line].findLast((waiting) => counts.get(waiting.socketId) === most)
    if (last === undefined) return false
    this.#line.delete(last)
    last.end('busy')
    return true
  }

  /** Gives the place to the next in line. */
  #leave(): void {
    const [next] = this.#line
    if (next !== undefined) {
      this.#line.delete(next)
      next.end('turn')
      return
    }
    this.#running -= 1
    if (this.#running === 0) this.#whenIdle?.()
  }
}
