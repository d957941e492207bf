/**
 * The Laravel app behind the bridge: one address, so many requests at once, and as many in line.
 *
 * A request in line waits no longer than one request may take: those before it are answered or
 * given up by then, and are as many as may stand in line.
 */
import type { LaravelSource } from '../config/schema.ts'
import { Outward, type OutwardOutcome } from '../outward/outward.ts'

export interface UpstreamRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Aborts when nobody waits for the answer any more; the place is free at once. */
  readonly signal: AbortSignal
}

const ANSWER_BYTES = 64 * 1024

export class Upstream {
  readonly #settings: LaravelSource
  readonly #outward: Outward
  readonly #most: number
  readonly #line = new Set<() => void>()
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
  async ask(request: UpstreamRequest): Promise<OutwardOutcome | 'busy' | 'gone'> {
    if (this.#running < this.#most) this.#running += 1
    else if (this.#line.size >= this.#most) return 'busy'
    else if (!(await this.#turn(request.signal))) return 'gone'
    try {
      return await this.#outward.request({ ...request, method: 'POST' })
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

  /** Waits in line. @returns whether it is this one's turn; false when its client went away before */
  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const proceed = (): void => resolve(true)
      this.#line.add(proceed)
      signal.addEventListener('abort', () => {
        if (this.#line.delete(proceed)) resolve(false)
      })
    })
  }

  /** Gives the place to the next in line. */
  #leave(): void {
    const [next] = this.#line
    if (next !== undefined) {
      this.#line.delete(next)
      next()
      return
    }
    this.#running -= 1
    if (this.#running === 0) this.#whenIdle?.()
  }
}
