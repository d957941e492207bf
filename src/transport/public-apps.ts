/**
 * The public port's uWebSockets.js applications: one, and with TLS one more for each certificate
 * since the start that still has connections.
 *
 * uWebSockets.js cannot give an application another certificate. So with TLS an application that
 * serves nothing keeps the listening sockets and hands each accepted connection to the newest of
 * the others: the port never closes, and who is connected stays with the certificate it was given.
 * Applications have topics of their own, so what is published goes to each of them.
 */
import type { TemplatedApp } from 'uWebSockets.js'
import type { Fanout, Socket } from '../hub/socket.ts'
import { createApp, type Tls } from './listener.ts'

/** Certificates whose connections may live side by side; those of the oldest beyond it are cut off. */
const MOST_GENERATIONS = 8

/** Handing over accepted connections, which the declarations leave out. */
interface HandsOver {
  getDescriptor(): unknown
  addChildAppDescriptor(descriptor: unknown): void
  removeChildAppDescriptor(descriptor: unknown): void
}

const handsOver = (app: TemplatedApp): HandsOver => app as unknown as HandsOver

/** One application and its WebSockets. */
export class Generation {
  readonly app: TemplatedApp
  readonly #apps: PublicApps
  readonly #isTls: boolean
  #connections = 0

  constructor(app: TemplatedApp, apps: PublicApps, isTls: boolean) {
    this.app = app
    this.#apps = apps
    this.#isTls = isTls
  }

  get isEmpty(): boolean {
    return this.#connections === 0
  }

  /** @returns what the WebSocket is to those who use it: it reaches the other applications as well */
  opened(ws: Socket): Socket {
    this.#connections += 1
    if (!this.#isTls) return ws
    if (this.#connections === 1) this.#apps.occupied(this)
    return new TlsSocket(ws, this, this.#apps)
  }

  closed(): void {
    this.#connections -= 1
    if (this.#isTls && this.#connections === 0) this.#apps.vacated(this)
  }
}

export class PublicApps implements Fanout {
  /** What listens on the port. */
  readonly listening: TemplatedApp
  readonly #isTls: boolean
  #serve: (generation: Generation) => void = () => {}
  /** What is published to: the newest, and those with WebSockets. */
  #generations: readonly Generation[]
  #newest: Generation
  /** Without WebSockets; HTTP connections are left to end by themselves. */
  #vacant: readonly Generation[] = []

  /** @throws ResoundError RESOUND_TLS_INVALID */
  constructor(tls: Tls | undefined) {
    this.#isTls = tls !== undefined
    this.listening = createApp(tls)
    const app = this.#isTls ? createApp(tls) : this.listening
    this.#newest = new Generation(app, this, this.#isTls)
    this.#generations = [this.#newest]
    if (this.#isTls) handsOver(this.listening).addChildAppDescriptor(handsOver(app).getDescriptor())
  }

  /** Sets up what every application serves, those of later certificates too. */
  serve(serve: (generation: Generation) => void): void {
    this.#serve = serve
    serve(this.#newest)
  }

  /**
   * Gives new connections another certificate; those that are there stay.
   * @throws ResoundError RESOUND_TLS_INVALID, and then nothing has changed
   */
  renew(tls: Tls): void {
    const before = this.#newest
    const app = createApp(tls)
    this.#newest = new Generation(app, this, this.#isTls)
    this.#serve(this.#newest)
    this.#generations = [...this.#generations, this.#newest]
    const acceptor = handsOver(this.listening)
    acceptor.addChildAppDescriptor(handsOver(app).getDescriptor())
    acceptor.removeChildAppDescriptor(handsOver(before.app).getDescriptor())
    if (before.isEmpty) this.vacated(before)
    const [oldest, ...others] = this.#generations
    if (others.length < MOST_GENERATIONS) return
    this.#generations = others
    oldest?.app.close()
  }

  /** An application has a WebSocket, perhaps again: by an upgrade of an HTTP connection it still had. */
  occupied(generation: Generation): void {
    if (this.#generations.includes(generation)) return
    this.#vacant = this.#vacant.filter((one) => one !== generation)
    this.#generations = [generation, ...this.#generations]
  }

  /** An application has no WebSocket any more. */
  vacated(generation: Generation): void {
    if (generation === this.#newest || !this.#generations.includes(generation)) return
    this.#generations = this.#generations.filter((one) => one !== generation)
    this.#vacant = [...this.#vacant, generation]
    const [oldest, ...others] = this.#vacant
    if (others.length < MOST_GENERATIONS) return
    this.#vacant = others
    oldest?.app.close()
  }

  // hot path: once per publication; one application nearly always (test/bench, fan-1000).
  publish(topic: string, text: string): void {
    for (const { app } of this.#generations) app.publish(topic, text)
  }

  /** Publishes to the connections of every application but one. */
  publishBeside(generation: Generation, topic: string, text: string): void {
    for (const other of this.#generations) {
      if (other !== generation) other.app.publish(topic, text)
    }
  }

  numSubscribers(topic: string): number {
    let count = 0
    for (const { app } of this.#generations) count += app.numSubscribers(topic)
    return count
  }

  close(): void {
    if (this.#isTls) this.listening.close()
    for (const { app } of [...this.#generations, ...this.#vacant]) app.close()
  }
}

/** A WebSocket of one of several applications. */
class TlsSocket implements Socket {
  readonly #ws: Socket
  readonly #generation: Generation
  readonly #apps: PublicApps

  constructor(ws: Socket, generation: Generation, apps: PublicApps) {
    this.#ws = ws
    this.#generation = generation
    this.#apps = apps
  }

  send(text: string): unknown {
    return this.#ws.send(text)
  }

  end(code: number, reason: string): unknown {
    return this.#ws.end(code, reason)
  }

  getBufferedAmount(): number {
    return this.#ws.getBufferedAmount()
  }

  ping(): unknown {
    return this.#ws.ping()
  }

  subscribe(topic: string): unknown {
    return this.#ws.subscribe(topic)
  }

  unsubscribe(topic: string): unknown {
    return this.#ws.unsubscribe(topic)
  }

  publish(topic: string, text: string): unknown {
    this.#apps.publishBeside(this.#generation, topic, text)
    return this.#ws.publish(topic, text)
  }
}
