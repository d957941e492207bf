/**
 * How large the events of all apps are, and how long they take from being received to being
 * written, which is when the transport has them.
 */
import { Buckets, SECONDS } from '../buckets.ts'

const BYTES = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576]

/** Reading the clock costs a fiftieth of an event from Redis. */
const ONE_IN = 16

/** When an event was received, in milliseconds of `performance.now()`, and for how many it stands. */
export interface Received {
  readonly at: number
  readonly weight: number
}

export class EventMeasures {
  readonly bytes = new Buckets(BYTES)
  readonly seconds = new Buckets(SECONDS)
  #next = 0

  /** Now, for one event in sixteen, which then stands for all of them. */
  receive(): Received | undefined {
    this.#next = (this.#next + 1) % ONE_IN
    return this.#next === 1 ? { at: performance.now(), weight: ONE_IN } : undefined
  }

  // hot path: once per event (test/bench, headline and redis-sat).
  deliver(data: string, received: Received | undefined): void {
    this.bytes.observe(Buffer.byteLength(data))
    if (received === undefined) return
    this.seconds.observe((performance.now() - received.at) / 1000, received.weight)
  }
}
