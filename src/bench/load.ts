/**
 * A load on a server, phase by phase: connects, subscriptions, what then happens, and the end.
 *
 * One thread, one event loop. What is measured is returned, and nothing printed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from './asking.ts'
import { churn } from './churn.ts'
import { Fleet } from './fleet.ts'
import { nowMicroseconds } from './latency.ts'
import { Measure, type Measured } from './measure.ts'
import type { Peer } from './peer.ts'
import type { Publisher } from './publisher.ts'
import { type Publishing, publish } from './publishing.ts'
import { quiet } from './quiet.ts'
import { Channels, type Shape } from './shape.ts'
import type { Target } from './target.ts'

/** How questions are put: at a rate, or so many at a time. */
export interface Asked {
  /** Per second; 0 for as fast as they are answered. */
  readonly rate: number
  readonly parallel: number
  readonly seconds: number
}

/** Nothing has come for so long: nothing more will. */
const SETTLED_MILLISECONDS = 200
const END_MILLISECONDS = 5000

export class Load {
  readonly fleet: Fleet
  readonly channels: Channels
  readonly #shape: Shape
  readonly #signal: AbortSignal

  /** @param targets one server, or the nodes of one, over which connections are spread */
  constructor(targets: readonly [Target, ...Target[]], shape: Shape, signal: AbortSignal) {
    this.#shape = shape
    this.#signal = signal
    this.channels = new Channels(shape, targets[0])
    const { channels } = shape
    // those of one channel are on all nodes, and so are channels of one connection each
    const nodeOf = (index: number): number =>
      ((index % channels) + Math.floor(index / channels)) % targets.length
    this.fleet = new Fleet(targets, nodeOf)
  }

  /** Opens all connections. Operations are connections. */
  connect(asked: Asked): Promise<Measured> {
    const { fleet } = this
    return this.#ask(asked, this.#shape.connections, () => fleet.dial())
  }

  /**
   * Subscribes connections to their channels, one at a time each. Operations are subscriptions.
   * @param from the first connection
   */
  subscribe(asked: Asked, from = 0, count = this.#shape.connections - from): Promise<Measured> {
    const { channels, fleet } = this
    const { channelsPerConnection, kind } = this.#shape
    const total = count * channelsPerConnection
    let next = 0
    const turns = new Map<Peer, number>()
    return ask({
      ...this.#asking(asked, total),
      ask: () => {
        // the first channel of every connection before the second of any
        const peer = fleet.peers[from + (next % count)]
        if (peer !== undefined && peer.askedAt >= 0) return 'wait'
        const channel = channels.channelOf(from + (next % count), Math.floor(next / count))
        next += 1
        if (peer === undefined || peer.socketId === '') return 'void'
        turns.set(peer, channel)
        peer.send(channels.subscription(peer, channel))
        return peer
      },
      answered: (peer) => {
        channels.streamOf(turns.get(peer) ?? 0)?.join(peer.index)
      },
      presence: (_peer, _isJoin, measure) => measure.goOn(),
      // member_added goes on arriving after the last join, and belongs to the measure
      settled: () => (kind === 'presence' ? this.settle() : Promise.resolve()),
    })
  }

  /** Subscribes, and unsubscribes at once, again and again. Operations are subscriptions. */
  cycle(asked: Asked, count: number): Promise<Measured> {
    const { channels } = this
    const current = new Map<Peer, number>()
    let next = 0
    return ask({
      ...this.#asking(asked, count),
      ask: () => {
        const peer = this.#free(() => next++)
        if (peer === undefined) return 'wait'
        const channel = channels.channelOf(peer.index + next, 0)
        current.set(peer, channel)
        peer.send(channels.subscription(peer, channel))
        return peer
      },
      answered: (peer) => peer.send(channels.unsubscription(current.get(peer) ?? 0)),
    })
  }

  /** Members leave and come back. Operations are leaves and joins. */
  churn(rate: number, seconds: number, count: number): Promise<Measured> {
    const { fleet, channels } = this
    return churn({ fleet, channels, signal: this.#signal, rate, seconds, count })
  }

  /** Each connection pings in turn. Operations are pings. */
  ping(asked: Asked, count: number, senders = this.#shape.connections): Promise<Measured> {
    let next = 0
    return this.#ask(asked, count, () => {
      const peer = this.#free(() => next++ % senders)
      peer?.send('{"event":"pusher:ping","data":{}}')
      return peer ?? 'wait'
    })
  }

  /** Publishes, and looks at every delivery. Operations are events. */
  publish(
    publisher: Publisher,
    how: Omit<Publishing, 'fleet' | 'channels' | 'publisher' | 'signal'>,
  ): Promise<Measured> {
    const { fleet, channels } = this
    return publish({ ...how, fleet, channels, publisher, signal: this.#signal })
  }

  /** Does nothing but answer, and ping at a rate where there is one. Operations are pings. */
  async idle(rate: number, seconds: number): Promise<Measured> {
    if (rate > 0) return this.ping({ rate, parallel: 0, seconds }, Math.floor(rate * seconds))
    const measure = new Measure()
    this.fleet.listen({ measure })
    await sleep(seconds * 1000, undefined, { signal: this.#signal })
    measure.goOn()
    return measure.end({ operations: 0, expected: 0 })
  }

  /** Says goodbye on all connections. Operations are connections. */
  async close(): Promise<Measured> {
    const { fleet } = this
    const measure = new Measure()
    const start = nowMicroseconds()
    fleet.listen({ measure, ended: () => measure.happen(start) })
    const operations = fleet.close()
    await quiet(
      () => measure.happened >= operations,
      () => measure.happened,
      END_MILLISECONDS,
    )
    fleet.terminate()
    return measure.end({ operations, expected: operations })
  }

  /** Until nothing comes any more. */
  settle(): Promise<void> {
    const { fleet } = this
    return quiet(
      () => false,
      () => fleet.heardCount,
      SETTLED_MILLISECONDS,
      this.#signal,
    )
  }

  /** The next connection in turn that awaits nothing. */
  #free(turn: () => number): Peer | undefined {
    const { peers } = this.fleet
    for (let tried = 0; tried < peers.length; tried += 1) {
      const peer = peers[turn() % peers.length]
      if (peer !== undefined && peer.socketId !== '' && peer.askedAt < 0) return peer
    }
    return undefined
  }

  #ask(asked: Asked, count: number, who: () => Peer | 'wait' | 'void'): Promise<Measured> {
    return ask({ ...this.#asking(asked, count), ask: who })
  }

  #asking({ rate, parallel, seconds }: Asked, count: number) {
    return { fleet: this.fleet, signal: this.#signal, rate, parallel, count, seconds }
  }
}
