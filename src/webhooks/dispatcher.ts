/**
 * Works off the queue: of each endpoint one batch at a time, so that its order is kept; of different
 * endpoints many at once, so that none waits for another.
 *
 * A request that fails is made again at growing intervals, and what is behind it waits. An endpoint
 * that has failed for so long that its batches are too old loses them, one by one: they are kept as
 * failures.
 */
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { backoff } from '../backoff.ts'
import type { Clock } from '../clock.ts'
import type { Delivery } from './deliver.ts'
import { type Endpoint, type EndpointAddress, keyOf } from './endpoint.ts'
import type { Batch, WebhookQueue } from './queue.ts'
import { Turns } from './turns.ts'

/** Requests at once. A failing endpoint holds one for its timeout, and none while it waits. */
export const REQUESTS_AT_ONCE = 256
const FIRST_RETRY_MILLISECONDS = 1000
const LONGEST_RETRY_MILLISECONDS = 60_000

/** What became of events: the outcomes that are counted. */
export type Outcome = 'delivered' | 'retried' | 'failed' | 'dropped'

export interface DispatcherOptions {
  readonly queue: WebhookQueue
  readonly endpointAt: (key: string) => Endpoint | undefined
  readonly deliver: (endpoint: Endpoint, batch: Batch) => Promise<Delivery>
  readonly counted: (appId: string, outcome: Outcome, events: number) => void
  readonly retryMilliseconds: number
  readonly clock: Clock
  readonly log: Logger
}

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #turns = new Turns(REQUESTS_AT_ONCE)
  /** By the endpoint's key: whether work has come since its run last looked. */
  readonly #runs = new Map<string, { again: boolean; readonly ended: Promise<void> }>()
  /** Ends the pauses of endpoints that wait before they try again. */
  readonly #hurry = new AbortController()
  #isOver = false

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /** There is work for an endpoint. */
  wake(address: EndpointAddress): void {
    const key = keyOf(address)
    const running = this.#runs.get(key)
    if (running !== undefined) running.again = true
    else if (!this.#isOver) this.#start(key, address)
  }

  /** Makes the last attempts: from now on nothing is tried again, and what fails stays where it is. */
  finish(): void {
    this.#hurry.abort()
  }

  /** Takes no further batch. */
  end(): void {
    this.#isOver = true
    this.#hurry.abort()
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#runs.size > 0)
      await Promise.all([...this.#runs.values()].map(({ ended }) => ended))
  }

  #start(key: string, address: EndpointAddress): void {
    const ended = this.#run(key)
      .catch((fault: unknown) => {
        const { log } = this.#options
        log.error({ err: fault, appId: address.appId }, 'a webhook queue failed by a fault of ours')
        return 'failed' as const
      })
      .then((how) => this.#ended(key, address, how))
    this.#runs.set(key, { again: false, ended })
  }

  #ended(key: string, address: EndpointAddress, how: 'empty' | 'failed'): void {
    const again = this.#runs.get(key)?.again === true
    this.#runs.delete(key)
    if (again && how === 'empty') this.wake(address)
  }

  /** @returns 'failed' when it leaves behind what it could not deliver */
  async #run(key: string): Promise<'empty' | 'failed'> {
    const { queue, clock } = this.#options
    const since = clock.now()
    let failures = 0
    for (;;) {
      const endpoint = this.#options.endpointAt(key)
      if (endpoint === undefined || this.#isOver) return 'empty'
      const batch = await queue.take(endpoint)
      if (batch === undefined) return 'empty'
      const delivery = await this.#turns.take(() => this.#attempt(endpoint, batch))
      if (delivery.ok) {
        this.#options.counted(endpoint.appId, 'delivered', batch.events)
        if (failures > 0) this.#log(endpoint).info('the webhook answers again')
        failures = 0
        await queue.delivered(endpoint, batch)
        continue
      }
      if (this.#hurry.signal.aborted) return 'failed'
      if (failures === 0) {
        this.#log(endpoint).warn({ reason: delivery.reason }, 'a webhook failed; trying again')
      }
      failures += 1
      const left = await this.#giveUpOld(endpoint, since, delivery.reason)
      if (left === undefined) return 'empty'
      const delay = backoff(failures, FIRST_RETRY_MILLISECONDS, LONGEST_RETRY_MILLISECONDS)
      await this.#pause(Math.min(delay, left))
    }
  }

  /** A fault of ours is a failure like others: it is tried again, and given up in the end. */
  async #attempt(endpoint: Endpoint, batch: Batch): Promise<Delivery> {
    try {
      return await this.#options.deliver(endpoint, batch)
    } catch (fault) {
      this.#log(endpoint).error({ err: fault }, 'a webhook failed by a fault of ours')
      return { ok: false, reason: 'fault' }
    }
  }

  /**
   * Gives up the batches that are too old, now that the endpoint has failed.
   * @returns the milliseconds that are left to the next one, or undefined when there is none
   */
  async #giveUpOld(endpoint: Endpoint, since: number, reason: string): Promise<number | undefined> {
    const { queue, clock, retryMilliseconds, counted } = this.#options
    let givenUp = 0
    for (;;) {
      const batch = await queue.take(endpoint)
      // What waited while nobody could deliver it gets the whole time.
      const left =
        batch === undefined
          ? undefined
          : Math.max(batch.queuedAt, since) + retryMilliseconds - clock.now()
      if (batch === undefined || left === undefined || left > 0) {
        if (givenUp > 0) {
          this.#log(endpoint).error({ reason, events: givenUp }, 'webhook events were given up')
        }
        if (batch !== undefined && givenUp === 0) counted(endpoint.appId, 'retried', batch.events)
        return left
      }
      givenUp += batch.events
      counted(endpoint.appId, 'failed', batch.events)
      const { events, time, text } = batch
      await queue.giveUp(endpoint, batch, {
        id: randomUUID(),
        appId: endpoint.appId,
        webhook: endpoint.label,
        endpointId: endpoint.id,
        givenUpAt: clock.now(),
        events,
        time,
        text,
        reason,
      })
    }
  }

  #log({ appId, label }: Endpoint): Logger {
    return this.#options.log.child({ appId, webhook: label })
  }

  #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#hurry
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#options.clock.after(milliseconds, done)
      signal.addEventListener('abort', done)
    })
  }
}
