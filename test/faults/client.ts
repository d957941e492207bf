/**
 * One client of many: dials, and dials again when it is told to or loses its connection, after the time in
 * which pusher-js does.
 */
import { createHmac } from 'node:crypto'
import { WebSocket } from 'ws'
import { APP } from '../support/server.ts'
import type { Recording } from './recording.ts'

export interface Place {
  readonly index: number
  readonly port: number
}

export interface CrowdOptions {
  readonly places: readonly Place[]
  readonly recording: Recording
  readonly seed: number
  readonly listeners: number
  /** Clients of Pusher's own library, which listen as well. */
  readonly pages: number
  readonly channels: number
  /** Who is present all the time. */
  readonly residents: number
  /** Who comes and goes. */
  readonly visitors: number
  readonly rooms: number
  /** So many arrive at first; all at once when left out. */
  readonly dialsPerSecond?: number
}

/** When a client dials again: pusher-js 8, see the close codes of the protocol. */
function pauseAfter(code: number): number | undefined {
  if (code >= 4200 && code < 4300) return 10
  if (code >= 4000 && code < 4100) return undefined
  return 1000
}

/** Where each client is at home; when it is not let in there, it tries its luck at the next one. */
export abstract class Client {
  protected readonly crowd: CrowdOptions
  readonly #name: string
  readonly #home: number
  #turn = 0
  #socket: WebSocket | undefined
  #timer: NodeJS.Timeout | undefined
  #socketId = ''
  #isOver = false
  protected node = 0

  constructor(crowd: CrowdOptions, name: string, home: number) {
    this.crowd = crowd
    this.#name = name
    this.#home = home
  }

  protected abstract established(): void
  protected abstract received(event: string, text: string): void
  protected abstract gone(): void

  get name(): string {
    return this.#name
  }

  dial(): void {
    if (this.#isOver) return
    const { places, recording } = this.crowd
    const place = places[(this.#home + this.#turn) % places.length]
    if (place === undefined) throw new Error('a crowd has a place to be')
    const { index, port } = place
    let isEstablished = false
    const url = `ws://127.0.0.1:${port}/app/${APP.key}?protocol=7&client=js&version=8.6.0`
    const socket = new WebSocket(url, { perMessageDeflate: false })
    this.#socket = socket
    socket.on('message', (bytes: Buffer) => {
      const text = bytes.toString('utf8')
      const event = /^\{"event":"([^"]*)"/.exec(text)?.[1] ?? ''
      if (event === 'pusher:connection_established') {
        isEstablished = true
        this.node = index
        this.#socketId = /\d+\.\d+/.exec(text)?.[0] ?? ''
        this.established()
      } else if (event === 'pusher:ping') this.send('pusher:pong', {})
      else this.received(event, text)
    })
    let failure = ''
    socket.on('error', ({ message }) => {
      failure = message // a close follows
    })
    socket.on('close', (code) => {
      if (this.#socket === socket) this.#socket = undefined
      const told = isEstablished || code !== 1006 ? code : 0
      recording.ended.push({
        client: this.#name,
        node: index,
        at: performance.now(),
        code: told,
        wasEstablished: isEstablished,
        error: failure,
      })
      if (isEstablished) this.gone()
      this.#turn = isEstablished ? 0 : this.#turn + 1
      const pause = pauseAfter(told)
      if (pause !== undefined && !this.#isOver)
        this.#timer = setTimeout(() => this.dial(), told === 0 ? 100 : pause)
    })
  }

  protected send(event: string, data: object): void {
    this.#socket?.send(JSON.stringify({ event, data }))
  }

  protected subscribe(channel: string, userId?: string): void {
    const text = userId === undefined ? undefined : JSON.stringify({ user_id: userId })
    const signed = `${this.#socketId}:${channel}:${text}`
    const auth =
      text === undefined
        ? undefined
        : `${APP.key}:${createHmac('sha256', APP.secret).update(signed).digest('hex')}`
    this.send('pusher:subscribe', { channel, auth, channel_data: text })
  }

  /** Drops the connection. @param code says goodbye with it, where there is one */
  protected drop(code?: number): void {
    if (code === undefined) this.#socket?.terminate()
    else this.#socket?.close(code)
  }

  /** Goes away for good. */
  end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#socket?.terminate()
  }
}
