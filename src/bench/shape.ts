/** What a load consists of: how many connections, in which channels, and how they are called. */
import { Secret } from '../../channels/secret.ts'
import { channelText } from '../../channels/signature.ts'
import { Stream } from './ledger.ts'
import type { Peer } from './peer.ts'
import type { Target } from './target.ts'

export const KINDS = ['public', 'private', 'presence'] as const
export type Kind = (typeof KINDS)[number]

export interface Shape {
  readonly connections: number
  readonly kind: Kind
  readonly channels: number
  readonly channelsPerConnection: number
  /** Named together by one request; they count as one stream of events. */
  readonly channelsPerEvent: number
  /** Part of every channel's name, so that two loads on one server do not hear each other. */
  readonly name: string
  /** The id of the first member, where other threads have members in the same channels. */
  readonly firstMember?: number
}

/** The channels of a load, and the events that go through them. */
export class Channels {
  /** As in `Shape`. */
  readonly name: string
  readonly names: readonly string[]
  readonly streams: readonly Stream[]
  readonly #shape: Shape
  readonly #key: string
  readonly #secret: Secret

  constructor(shape: Shape, { key, secret }: Pick<Target, 'key' | 'secret'>) {
    this.#shape = shape
    this.name = shape.name
    this.#key = key
    this.#secret = new Secret(secret)
    const prefix = shape.kind === 'public' ? '' : `${shape.kind}-`
    this.names = Array.from(
      { length: shape.channels },
      (_, number) => `${prefix}${shape.name}-${number}`,
    )
    const streams = Math.ceil(shape.channels / shape.channelsPerEvent)
    this.streams = Array.from({ length: streams }, () => new Stream())
  }

  /** The `turn`-th channel of a connection, as a number. */
  channelOf(connection: number, turn: number): number {
    const { channels, channelsPerConnection } = this.#shape
    return (connection * channelsPerConnection + turn) % channels
  }

  streamOf(channel: number): Stream | undefined {
    return this.streams[Math.floor(channel / this.#shape.channelsPerEvent)]
  }

  /** The channels of a stream. */
  namesOf(stream: number): readonly string[] {
    const { channelsPerEvent } = this.#shape
    return this.names.slice(stream * channelsPerEvent, (stream + 1) * channelsPerEvent)
  }

  nameOf(channel: number): string {
    return this.names[channel] ?? ''
  }

  /** The message by which a connection subscribes, signed where that is asked for. */
  subscription(peer: Peer, channel: number): string {
    const name = this.nameOf(channel)
    const { kind } = this.#shape
    if (kind === 'public') return `{"event":"pusher:subscribe","data":{"channel":"${name}"}}`
    const id = String((this.#shape.firstMember ?? 0) + peer.index)
    const member = `{"user_id":"${id}","user_info":{"name":"User ${id}"}}`
    const channelData = kind === 'presence' ? member : undefined
    const auth = `${this.#key}:${this.#secret.sign(channelText(peer.socketId, name, channelData))}`
    const data = { channel: name, auth, channel_data: channelData }
    return JSON.stringify({ event: 'pusher:subscribe', data })
  }

  unsubscription(channel: number): string {
    return `{"event":"pusher:unsubscribe","data":{"channel":"${this.nameOf(channel)}"}}`
  }
}
