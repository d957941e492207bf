/**
 * One client's WebSocket connection, from its upgrade to its close.
 *
 * It alone holds the socket handle, which is valid from `attach` to `detach`; a send outside of that
 * does nothing. It knows which channels it is in, so that leaving costs its own channels only.
 * Fields are plain and few: there may be a hundred thousand of these.
 */
import type { Member } from '../../channels/kind.ts'
import type { App } from '../apps/app.ts'
import * as encode from '../protocol/encode.ts'
import type { Channel } from './channel.ts'
import type { LiveApp } from './live-app.ts'
import type { Socket } from './socket.ts'

/** A signed-in user, and the ids of the users it watches. */
export interface User extends Member {
  readonly watchlist: readonly string[]
}

const NO_CHANNELS: readonly Channel[] = Object.freeze([])

export class Connection {
  readonly live: LiveApp
  readonly socketId: string
  /** Who has signed in here. */
  user: User | undefined = undefined
  /** Whether it has signed in or been admitted to a guarded channel. */
  authenticated = false
  /** Heartbeat sweeps since anything came in. */
  silentSweeps = 0
  /** Whether something for it was dropped since it reads too slowly: it is being closed. */
  tooSlow = false
  /** When it was established, in Unix time. */
  openedSecond = 0
  /** The second that `clientEvents` counts, in Unix time. */
  clientEventSecond = 0
  clientEvents = 0
  #socket: Socket | undefined = undefined
  // An array, since most connections are in a handful of channels and a Set costs ten times the memory.
  #channels: readonly Channel[] = NO_CHANNELS

  constructor(live: LiveApp, socketId: string) {
    this.live = live
    this.socketId = socketId
  }

  get app(): App {
    return this.live.app
  }

  get channels(): readonly Channel[] {
    return this.#channels
  }

  /** Whether it has been welcomed and is not closed: before and after, nothing reaches it. */
  get isEstablished(): boolean {
    return this.#socket !== undefined
  }

  /** Bytes that wait for it to read. */
  get bufferedBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0
  }

  isIn(channel: Channel): boolean {
    return this.#channels.includes(channel)
  }

  attach(socket: Socket): void {
    this.#socket = socket
  }

  /** The socket is gone; called once, first thing in the close handler. */
  detach(): void {
    this.#socket = undefined
  }

  send(frame: string): void {
    if (this.#socket === undefined) return
    this.#socket.send(frame)
    this.live.tally.sent(frame, 1)
  }

  ping(): void {
    this.#socket?.ping()
  }

  /** Tells the client why, then closes with the same code: every protocol version understands one of the two. */
  close(code: number, reason: string): void {
    this.send(encode.error(code, reason))
    this.#socket?.end(code, reason)
  }

  enter(channel: Channel): void {
    this.#channels = [...this.#channels, channel]
    this.#socket?.subscribe(channel.topic)
  }

  leave(channel: Channel): void {
    this.#channels = this.#channels.filter((own) => own !== channel)
    this.#socket?.unsubscribe(channel.topic)
  }

  /** Listens to a topic that is not a channel. */
  watch(topic: string): void {
    this.#socket?.subscribe(topic)
  }

  unwatch(topic: string): void {
    this.#socket?.unsubscribe(topic)
  }

  /** Sends to every subscriber of a channel that it is in, but to itself. */
  publish(channel: Channel, frame: string): void {
    this.#socket?.publish(channel.topic, frame)
    this.live.tally.sent(frame, channel.count - 1)
  }
}
