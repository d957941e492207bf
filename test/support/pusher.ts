/** Pusher's own libraries on both sides of a server: pusher-js in the page, `pusher` in the app. */
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import PusherSdk from 'pusher'
import type PusherJs from 'pusher-js'
import type { Options } from 'pusher-js'
import { vi } from 'vitest'
import { WebSocket } from 'ws'
import { Inbox } from './inbox.ts'
import type { TestServer } from './server.ts'

export type Pusher = PusherJs.default
/** A build of pusher-js. */
export type PusherClass = typeof PusherJs.default

const require = createRequire(import.meta.url)

// Each build is the class itself, whatever its types say of a `default` beside it.
export const nodeBuild: PusherClass = require('pusher-js')
export const workerBuild: PusherClass = require('pusher-js/worker/with-encryption')

/** The builds of pusher-js that run outside of a page, and can decrypt. */
export const BUILDS = [
  ['Node', nodeBuild],
  ['workers, with encryption', workerBuild],
] as const

/** Gives this process what a worker has and Node 20 has not. Undone by `vi.unstubAllGlobals`. */
export function stubWorkerGlobals(): void {
  vi.stubGlobal('self', globalThis)
  vi.stubGlobal('WebSocket', WebSocket)
}

/** Whoever is logged in to the application. */
export interface User {
  readonly id: string
  readonly name: string
  readonly watchlist?: readonly string[]
}

/** What an application has to know of a server. */
type Served = Pick<TestServer, 'app' | 'host' | 'port'>

/** An application that publishes through a server, and vouches for its pages. */
export class Application {
  readonly sdk: PusherSdk
  readonly #server: Served

  constructor(server: Served) {
    const { id, key, secret } = server.app
    this.#server = server
    this.sdk = new PusherSdk({
      appId: id,
      key,
      secret,
      host: server.host,
      port: String(server.port),
      encryptionMasterKeyBase64: randomBytes(32).toString('base64'),
    })
  }

  /** The key that its pages connect with. */
  get key(): string {
    return this.#server.app.key
  }

  /** pusher-js options of a page in which this user is logged in. */
  pageOptions(user?: User) {
    const { sdk } = this
    return {
      cluster: '',
      wsHost: this.#server.host,
      wsPort: this.#server.port,
      forceTLS: false,
      enabledTransports: ['ws'],
      channelAuthorization: {
        customHandler({ socketId, channelName }, done) {
          const member =
            user !== undefined && channelName.startsWith('presence-')
              ? { user_id: user.id, user_info: { name: user.name } }
              : undefined
          done(null, sdk.authorizeChannel(socketId, channelName, member))
        },
      },
      userAuthentication: {
        customHandler({ socketId }, done) {
          if (user === undefined) done(new Error('nobody is logged in'), null)
          else done(null, sdk.authenticateUser(socketId, { ...user }))
        },
      },
    } satisfies Options
  }

  /**
   * Opens a page in which this user is logged in, and connects it.
   * @param more pusher-js options that differ from `pageOptions`
   * @throws Error when the server refuses it
   */
  async open(Build: PusherClass, user?: User, more: Partial<Options> = {}): Promise<Page> {
    const pusher = new Build(this.key, { ...this.pageOptions(user), ...more })
    await new Promise((resolve, reject) => {
      pusher.connection.bind('connected', resolve)
      pusher.connection.bind('disconnected', () => reject(new Error('the server refuses the page')))
    })
    return { pusher, [Symbol.dispose]: () => pusher.disconnect() }
  }
}

/** A connected page. Disposing of it disconnects it. */
export interface Page extends Disposable {
  readonly pusher: Pusher
}

/** Whatever pusher-js emits events from. */
interface Emitter {
  bind(event: string, callback: (data: unknown) => void): unknown
}

/** What the callbacks of an event are given. */
export function hear(source: Emitter, event: string): Inbox {
  const inbox = new Inbox()
  source.bind(event, inbox.push)
  return inbox
}

/** Subscribes a page, and waits until the server has let it in. @throws what the server refuses with */
export async function subscribe({ pusher }: Page, name: string): Promise<PusherJs.Channel> {
  const channel = pusher.subscribe(name)
  await new Promise((resolve, reject) => {
    channel.bind('pusher:subscription_succeeded', resolve)
    channel.bind('pusher:subscription_error', reject)
  })
  return channel
}
