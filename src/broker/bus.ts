/**
 * The channel in Redis on which the nodes of a shard talk.
 *
 * What a node says in one turn of the event loop leaves in one message. It hears itself as well: so it
 * knows that its subscription works, and when everything that it has said has been heard.
 */
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import {
  RedisSubscriber,
  type RedisSubscriberState,
  type SubscriberTexts,
  type SubscriptionKind,
} from '../redis/subscriber.ts'
import type { RedisTarget } from '../redis/target.ts'
import { type BusRecord, decodeEnvelope, headOf, isFrom } from './envelope.ts'

export interface BusOptions {
  readonly target: RedisTarget
  readonly kind: Exclude<SubscriptionKind, 'pattern'>
  readonly channel: string
  /** What this process calls itself, for as long as it runs. */
  readonly node: string
  /** Sends a whole message. Rejects when Redis does not answer in time, and may have it all the same. */
  readonly publish: (message: string) => Promise<void>
  /** Called for each record of another node, in the turn in which its message came. */
  readonly heard: (record: BusRecord) => void
  /** The subscription works, at first or again: what was said before may have been missed. */
  readonly onListening: () => void
  readonly log: Logger
  readonly clock: Clock
}

/** What became of the messages of others, since the start. */
export interface BusCounts {
  received: number
  malformed: number
  sent: number
  failed: number
}

const TEXTS: SubscriberTexts = {
  unreachable: 'Redis is unreachable: the other nodes are not heard; trying again',
  refused: 'Redis refuses the connection: the other nodes are not heard; trying again',
  moved: 'Redis is elsewhere now: the other nodes are not heard; connecting to it',
  nameRefused: 'Redis refuses the channel of the nodes: the others are not heard; trying again',
  nameAllowed: 'Redis now allows the channel of the nodes',
  listening: 'listening to the other nodes',
  back: 'Redis is back; what the other nodes published meanwhile is lost here',
}

/** A message that is this long is not made longer, in UTF-16 units. */
const FULL = 256 * 1024
/** The largest message that is read, in bytes; twice the largest event that may be configured. */
const MOST_BYTES = 32 * 1024 * 1024

/** What others publish until it is back is lost here. */
const RETRY_MS = 500

const ECHO_INTERVAL_MS = 5000
const ECHOES_MISSED = 2

interface Outgoing {
  text: string
  readonly sent: Promise<void>
  readonly settle: (sent: Promise<void>) => void
}

export class Bus {
  readonly counts: BusCounts = { received: 0, malformed: 0, sent: 0, failed: 0 }
  readonly #options: BusOptions
  readonly #subscriber: RedisSubscriber
  readonly #echoes = new Map<number, () => void>()
  readonly #head: string
  #outgoing: Outgoing | undefined
  #echoNumber = 0
  #unheard = 0
  #stopEchoing: (() => void) | undefined

  constructor(options: BusOptions) {
    this.#options = options
    const { target, kind, channel, node, onListening, log, clock } = options
    this.#head = headOf(node)
    this.#subscriber = new RedisSubscriber({
      target,
      kind,
      names: [channel],
      connectionName: 'resound-bus',
      retryMilliseconds: RETRY_MS,
      texts: TEXTS,
      onMessage: (_name, _channel, payload) => {
        try {
          this.#receive(payload)
        } catch (error) {
          log.error({ err: error }, 'a message of another node failed by a fault of ours')
        }
      },
      onListening: () => {
        this.#unheard = 0
        onListening()
      },
      log,
      clock,
    })
  }

  start(): void {
    this.#subscriber.start()
    this.#stopEchoing = this.#options.clock.every(ECHO_INTERVAL_MS, () => this.#check())
  }

  get state(): RedisSubscriberState {
    return this.#subscriber.state
  }

  // hot path: once per publication (test/bench, two nodes). Publications of one turn share a message.
  /**
   * Says a record to the other nodes, at the end of this turn of the event loop.
   * @returns what settles when Redis has it; the same for all of one turn
   */
  say(record: string): Promise<void> {
    const outgoing = this.#outgoing ?? this.#begin()
    outgoing.text += record
    if (outgoing.text.length >= FULL) this.#flush()
    return outgoing.sent
  }

  /** Resolves when all that was said before has been heard here. Never rejects; may never resolve. */
  echo(): Promise<void> {
    this.#echoNumber += 1
    const number = this.#echoNumber
    const heard = new Promise<void>((resolve) => this.#echoes.set(number, resolve))
    this.say(`${JSON.stringify({ t: 'y', q: number })}\n`).catch(() => {}) // counted; the next one tells
    this.#flush() // so that it is the last of its message
    return heard
  }

  async stop(): Promise<void> {
    this.#flush()
    this.#stopEchoing?.()
    this.#echoes.clear()
    await this.#subscriber.stop()
  }

  #begin(): Outgoing {
    let settle: Outgoing['settle'] = () => {}
    const sent = new Promise<void>((resolve) => {
      settle = resolve
    })
    const outgoing = { text: this.#head, sent, settle }
    this.#outgoing = outgoing
    setImmediate(() => {
      if (this.#outgoing === outgoing) this.#flush()
    })
    return outgoing
  }

  #flush(): void {
    const outgoing = this.#outgoing
    if (outgoing === undefined) return
    this.#outgoing = undefined
    this.counts.sent += 1
    const sent = this.#options.publish(outgoing.text)
    sent.catch(() => {
      this.counts.failed += 1
    })
    outgoing.settle(sent)
  }

  #receive(payload: Buffer): void {
    if (payload.length > MOST_BYTES) {
      this.counts.malformed += 1
      return
    }
    const text = payload.toString('utf8')
    if (isFrom(text, this.#head)) {
      this.#hearEcho(text)
      return
    }
    const envelope = decodeEnvelope(text)
    if (envelope === undefined) {
      this.counts.malformed += 1
      return
    }
    this.counts.received += 1
    this.counts.malformed += envelope.malformed
    for (const record of envelope.records) this.#options.heard(record)
  }

  /** Echoes are looked for only when one is awaited: its record is the last of its message. */
  #hearEcho(text: string): void {
    if (this.#echoes.size === 0) return
    const record = /\{"t":"y","q":(\d+)\}\n$/.exec(text.slice(-40))
    if (record === null) return
    this.#unheard = 0
    const number = Number(record[1])
    for (const [asked, resolve] of this.#echoes) {
      if (asked > number) return
      this.#echoes.delete(asked)
      resolve()
    }
  }

  #check(): void {
    if (!this.#subscriber.state.isUp) return // which it says itself, and goes on trying
    if (this.#unheard >= ECHOES_MISSED) {
      this.#unheard = 0
      this.#subscriber.reconnect('what this node says is not heard here')
      return
    }
    this.#unheard += 1
    void this.echo()
  }
}
