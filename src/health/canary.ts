/**
 * A canary: one event that is published through the HTTP API of a server, and has to come back over a
 * WebSocket of the same server.
 *
 * It takes the way that an event of an app takes, and each leg of it is timed. It knows nothing of the
 * server but its address: what is found out here is true for everybody who comes by that address.
 */
import { randomBytes } from 'node:crypto'
import { on } from 'node:events'
import { WebSocket } from 'ws'
import { CANARY } from '../../channels/name.ts'
import type { Credentials } from '../../channels/signature.ts'
import { channelText, sign } from '../../channels/signature.ts'
import { isNoTls, NO_TLS } from '../no-tls.ts'
import { version } from '../version.ts'
import { publish, Refused, type Trust } from './publish.ts'

export interface CanaryTarget {
  /** With the path prefix: ws:// or wss:// */
  readonly url: string
  readonly app: Credentials & { readonly id: string }
  readonly trust: Trust
  /** `hidden` is known to Resound alone, where no webhook and no list tells of it. */
  readonly channel: 'hidden' | 'public'
}

export const LEGS = ['connect', 'subscribe', 'publish', 'delivery'] as const
export type Leg = (typeof LEGS)[number]
/** Milliseconds; null for one that was not come to, or did not end. */
export type Legs = Readonly<Record<Leg, number | null>>

/**
 * Why an event did not come back, for programs.
 *
 * `full` the app has its connections · `busy` the server takes no new clients at the moment · `no-app` there is
 * no such app · `redis` the other nodes were not reached · `unreachable` nobody is there, or no WebSocket ·
 * `refused` it says no · `late` it takes too long
 */
export type FailureCause = 'full' | 'busy' | 'no-app' | 'redis' | 'unreachable' | 'refused' | 'late'

export interface Failure {
  readonly cause: FailureCause
  readonly leg: Leg
  /** One sentence. */
  readonly reason: string
}

export interface CanaryResult {
  /** Null when the event has come back. */
  readonly failure: Failure | null
  readonly milliseconds: number
  readonly legs: Legs
}

const EVENT = 'canary'
const MOST_FRAME_BYTES = 64 * 1024

/** Sends one, and waits no longer than `milliseconds` for all of it. It never rejects. */
export async function sendCanary(
  target: CanaryTarget,
  milliseconds: number,
): Promise<CanaryResult> {
  const begun = performance.now()
  const flight = new Flight(target, milliseconds)
  const failure = await flight.fly()
  return { failure, milliseconds: rounded(performance.now() - begun), legs: flight.legs }
}

class Stopped extends Error {
  override readonly cause: FailureCause

  constructor(cause: FailureCause, message: string) {
    super(message)
    this.cause = cause
  }
}

class Flight {
  readonly legs: Record<Leg, number | null> = {
    connect: null,
    subscribe: null,
    publish: null,
    delivery: null,
  }
  readonly #target: CanaryTarget
  readonly #milliseconds: number
  readonly #signal: AbortSignal
  /** How far it is. */
  #leg: Leg = 'connect'
  #closed = 'The server closed the connection'

  constructor(target: CanaryTarget, milliseconds: number) {
    this.#target = target
    this.#milliseconds = milliseconds
    this.#signal = AbortSignal.timeout(milliseconds)
  }

  async fly(): Promise<Failure | null> {
    const { url, app, trust } = this.#target
    const socket = new WebSocket(
      `${url}/app/${app.key}?protocol=7&client=resound-canary&version=${version}&flash=false`,
      {
        ...trust,
        handshakeTimeout: this.#milliseconds,
        maxPayload: MOST_FRAME_BYTES,
        perMessageDeflate: false,
      },
    )
    socket.on('error', () => undefined) // told by `frames`, but for what comes after its end
    socket.once('close', (code, reason) => {
      this.#closed = `The server closed the connection with ${code} ${String(reason)}`.trim()
    })
    try {
      await this.#travel(socket, framesOf(socket, this.#signal))
      return null
    } catch (fault) {
      return this.#failureOf(fault)
    } finally {
      socket.terminate()
    }
  }

  async #travel(socket: WebSocket, frames: AsyncGenerator<Frame>): Promise<void> {
    const channel = nameFor(this.#target.channel)
    await this.#timed('connect', async () => {
      const { socket_id: socketId } = await this.#await(frames, 'pusher:connection_established')
      this.#leg = 'subscribe'
      const auth = this.#authFor(channel, String(socketId))
      const data = auth === undefined ? { channel } : { channel, auth }
      socket.send(JSON.stringify({ event: 'pusher:subscribe', data }))
    })
    await this.#timed('subscribe', () =>
      this.#await(frames, 'pusher_internal:subscription_succeeded', channel),
    )
    this.#leg = 'publish'
    const { url, app, trust } = this.#target
    const post = { url: url.replace(/^ws/, 'http'), app, channel, event: EVENT, data: '{}', trust }
    // Side by side: the event may be here before its request is answered.
    const delivered = this.#timed('delivery', () => this.#await(frames, EVENT, channel))
    delivered.catch(() => undefined) // waited for below, when it was published
    await this.#timed('publish', () => publish(post, this.#signal))
    this.#leg = 'delivery'
    await delivered
  }

  async #timed<T>(leg: Leg, run: () => Promise<T>): Promise<T> {
    const begun = performance.now()
    const result = await run()
    this.legs[leg] = rounded(performance.now() - begun)
    return result
  }

  #authFor(channel: string, socketId: string): string | undefined {
    if (this.#target.channel === 'public') return undefined
    return sign(channelText(socketId, channel), this.#target.app)
  }

  /** The data of the next such event. @throws Stopped when there will be none */
  async #await(
    frames: AsyncGenerator<Frame>,
    event: string,
    channel?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const { value: frame, done } = await frames.next()
      if (done === true) throw new Stopped('refused', `${this.#closed}.`)
      if (frame.event === event && frame.channel === channel) return frame.data
      if (/^pusher:(subscription_)?error$/.test(frame.event)) throw refusalIn(frame.data)
    }
  }

  #failureOf(fault: unknown): Failure {
    const leg = this.#leg
    if (this.#signal.aborted) {
      const reason = `${WAITED_FOR[leg]} within ${this.#milliseconds} ms.`
      return { cause: 'late', leg, reason }
    }
    if (fault instanceof Stopped) return { cause: fault.cause, leg, reason: fault.message }
    if (fault instanceof Refused) {
      // As Resound answers where it cannot tell the other nodes.
      const cause = fault.status === 503 ? 'redis' : 'refused'
      return { cause, leg, reason: fault.message }
    }
    return { cause: 'unreachable', leg, reason: `${FAILED[leg]}: ${messageOf(fault)}.` }
  }
}

const WAITED_FOR: Readonly<Record<Leg, string>> = {
  connect: 'No WebSocket was established',
  subscribe: 'No subscription was confirmed',
  publish: 'The HTTP API did not answer',
  delivery: 'The event was published and did not come back',
}

const FAILED: Readonly<Record<Leg, string>> = {
  connect: 'No WebSocket could be opened',
  subscribe: 'The WebSocket failed',
  publish: 'The HTTP API cannot be asked',
  delivery: 'The WebSocket failed',
}

interface Frame {
  readonly event: string
  readonly channel: string | undefined
  readonly data: Readonly<Record<string, unknown>>
}

/** What comes in, from the first frame on. It ends when the connection does, and throws when that fails. */
async function* framesOf(socket: WebSocket, signal: AbortSignal): AsyncGenerator<Frame> {
  for await (const [message] of on(socket, 'message', { signal, close: ['close'] })) {
    yield decode(String(message))
  }
}

/** Servers send `data` as an object or as its text. @throws Stopped for what is no Pusher frame */
function decode(text: string): Frame {
  try {
    const { event, channel, data } = JSON.parse(text)
    const own = typeof data === 'string' ? JSON.parse(data) : data
    return { event: String(event), channel, data: own ?? {} }
  } catch {
    throw new Stopped('refused', 'What answers does not speak the Pusher protocol.')
  }
}

function refusalIn({ code, message, error, status }: Readonly<Record<string, unknown>>): Stopped {
  const number = Number(code ?? status)
  const reason = `The server says ${number || 'no'}: ${String(message ?? error ?? 'no reason')}`
  return new Stopped(causeOf(number), reason)
}

/** Pusher protocol 7, "Error codes"; soketi has 4100 for an app's quota. */
function causeOf(code: number): FailureCause {
  if (code === 4004) return 'full'
  if (code >= 4100 && code < 4200) return 'busy'
  return code === 4001 ? 'no-app' : 'refused'
}

function nameFor(channel: CanaryTarget['channel']): string {
  const suffix = randomBytes(8).toString('hex')
  return channel === 'hidden' ? `${CANARY}${suffix}` : `resound-canary-${suffix}`
}

/** Node.js has no message where several addresses were tried. */
function messageOf(fault: unknown): string {
  if (fault instanceof AggregateError) return messageOf(fault.errors[0])
  const message = fault instanceof Error ? fault.message : String(fault)
  return isNoTls(message) ? NO_TLS : message
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100
