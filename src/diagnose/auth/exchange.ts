/**
 * What passes between a page, the app and the server before a private channel is heard: found out once for
 * all the checks that look at a part of it.
 *
 * The guest's request shows the endpoint; the trial is the whole way with somebody's identity: connected,
 * authorised, subscribed, and closed again. No event is sent.
 */
import type { Config } from '../../config/schema.ts'
import { type Finding, type Fix, skip } from '../check.ts'
import { type LaravelFacts, usedConnection } from '../laravel/facts.ts'
import { pagesOf } from '../laravel/pages.ts'
import { type OwnAddress, ownAddress } from '../own-address.ts'
import { reloadFix } from '../own-command.ts'
import { NotConnected, PusherSocket, type Subscribed } from '../pusher-socket.ts'
import type { Scene } from '../scene.ts'
import { authorities } from '../way-in/certificate.ts'
import { askAsUser, NOT_ASKED } from './as-user.ts'
import { type AskedChannel, channelOf, isGuarded } from './channel.ts'
import { headersOf, type Identity, identityOf, knownBy } from './identity.ts'
import { type Asked, ask, FORM, form } from './request.ts'
import { type Signed, signedIn } from './signed.ts'

export interface Endpoint {
  readonly url: string
  /** Who says so, for the evidence. */
  readonly from: string
  /** Whether it is this server's bridge to the app. */
  readonly isBridge: boolean
}

/** The way of one identity to one channel. */
export interface Trial {
  readonly identity: Identity
  /** Whom the app knows by it, by guard; undefined where the app was not asked. */
  readonly known: Readonly<Record<string, string>> | undefined
  readonly channel: AskedChannel
  readonly socketId: string
  /** Why the server could not be connected to, where it could not. */
  readonly notConnected: string | undefined
  readonly asked: Asked
  /** What the answer holds, where it is one that a client could use. */
  readonly signed: Signed | undefined
  readonly subscribed: Subscribed | undefined
}

type AppConfig = Config['apps'][number]

/** Where no connection could be opened, the app is asked about this one, which nobody has. */
const NO_SOCKET = '1234.5678'

const exchanges = new WeakMap<Scene, Promise<Exchange | Finding>>()

export class Exchange {
  readonly facts: LaravelFacts | undefined
  readonly app: AppConfig
  readonly limits: Config['limits']
  readonly endpoint: Endpoint
  /** Where the app's pages are: `http://chat.example.com`. */
  readonly page: string | undefined
  /** As it was given; undefined where none was. */
  readonly channelName: string | undefined
  readonly #scene: Scene
  readonly #own: OwnAddress | undefined
  #guest: Promise<Asked> | undefined
  #trial: Promise<Trial> | undefined

  private constructor(
    scene: Scene,
    {
      facts,
      config,
      app,
      own,
    }: {
      facts: LaravelFacts | undefined
      config: Config
      app: AppConfig
      own: OwnAddress | undefined
    },
    page: string | undefined,
    endpoint: Endpoint,
  ) {
    this.#scene = scene
    this.#own = own
    this.facts = facts
    this.app = app
    this.limits = config.limits
    this.page = page
    this.endpoint = endpoint
    this.channelName = scene.options.channel
  }

  /** The one of this scene, or why there is none. */
  static of(scene: Scene): Promise<Exchange | Finding> {
    const known = exchanges.get(scene)
    if (known !== undefined) return known
    const found = Exchange.#find(scene)
    exchanges.set(scene, found)
    return found
  }

  static async #find(scene: Scene): Promise<Exchange | Finding> {
    const { reading, options } = scene
    if (!reading.valid) return skip('The configuration of the server is refused.')
    const { config } = reading
    const facts = await scene.laravel()
    const used = facts === undefined ? undefined : usedConnection(facts)
    const app =
      config.apps.find(({ id }) => id === used?.appId) ??
      config.apps.find(({ key }) => key === used?.key) ??
      config.apps[0]
    if (app === undefined) return skip('The apps are in a database: none is named here.')
    const { channel } = options
    if (channel !== undefined && !isGuarded(channelOf(channel, undefined))) {
      return skip(
        `${channel} is a public channel, for which nobody is asked; Echo.private('${channel}') subscribes to private-${channel}.`,
      )
    }
    const own = await ownAddress(scene)
    const url = options.origin ?? facts?.app.url ?? app.laravel.authUrl
    const page = url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined
    const endpoint = endpointOf(facts, app, own, page, options.authUrl)
    if (endpoint === undefined) {
      return skip('Where the app authorises channels is not known (--laravel or --auth-url).')
    }
    return new Exchange(scene, { facts, config, app, own }, page, endpoint)
  }

  /** What somebody is answered whom the app does not know. */
  guest(signal: AbortSignal): Promise<Asked> {
    const channel = this.#channel(undefined) ?? channelOf('private-resound-diagnose', undefined)
    this.#guest ??= this.#connected(signal, (socket) => {
      return this.#ask({ kind: 'guest' }, channel, socket?.socketId ?? NO_SOCKET, signal)
    })
    return this.#guest
  }

  /** Where the server runs with another configuration than the one that was read. */
  get reload(): Fix {
    return reloadFix(this.#scene)
  }

  /** Whether it is said who asks, and for what. */
  get hasIdentity(): boolean {
    const { cookie, token, login, asUser } = this.#scene.options
    return [cookie, token, login, asUser].some((given) => given !== undefined)
  }

  /** Whether a session's cookie is what tells who asks. */
  get usesCookies(): boolean {
    const { cookie, login, asUser } = this.#scene.options
    return asUser === undefined && (cookie !== undefined || login !== undefined)
  }

  get usesToken(): boolean {
    return this.#scene.options.token !== undefined
  }

  trial(signal: AbortSignal): Promise<Trial> {
    this.#trial ??= this.#try(signal)
    return this.#trial
  }

  /** Asks once more, as an API client: such a one is told what was thrown, where the app may say so. */
  async askAsApi(trial: Trial | undefined, signal: AbortSignal): Promise<Asked> {
    const channel = trial?.channel ?? channelOf('private-resound-diagnose', undefined)
    const identity = trial?.identity ?? { kind: 'guest' }
    const socketId = trial?.socketId ?? NO_SOCKET
    return this.#ask(identity, channel, socketId, signal, { accept: 'application/json' })
  }

  async #try(signal: AbortSignal): Promise<Trial> {
    const identity = await identityOf(this.#scene, this.page, signal)
    const known =
      this.facts?.source === 'php'
        ? await knownBy(identity, this.facts.directory, signal)
        : undefined
    const userId = identity.kind === 'user' ? identity.id : Object.values(known ?? {})[0]
    const channel = this.#channel(userId) ?? channelOf('private-resound-diagnose', userId)
    return this.#connected(signal, async (socket, notConnected) => {
      const socketId = socket?.socketId ?? NO_SOCKET
      const asked = await this.#ask(identity, channel, socketId, signal)
      const signed = asked.isAnswered ? signedIn(asked.answer) : undefined
      const subscribed =
        socket === undefined || signed?.auth === undefined
          ? undefined
          : await socket.subscribe(
              {
                channel: channel.name,
                auth: signed.auth,
                ...(signed.channelData === undefined ? {} : { channel_data: signed.channelData }),
              },
              signal,
            )
      return { identity, known, channel, socketId, notConnected, asked, signed, subscribed }
    })
  }

  /** The channel that was named, else the first of the app's. */
  #channel(userId: string | undefined): AskedChannel | undefined {
    if (this.channelName !== undefined) return channelOf(this.channelName, userId)
    const [first] = this.facts?.app.channels ?? []
    return first === undefined ? undefined : channelOf(`private-${first.pattern}`, userId)
  }

  async #ask(
    identity: Identity,
    { name }: AskedChannel,
    socketId: string,
    signal: AbortSignal,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Asked> {
    const { url, isBridge } = this.endpoint
    const fields = { socket_id: socketId, channel_name: name }
    if (identity.kind === 'user') {
      if (this.facts === undefined) {
        return { isAnswered: false, code: NOT_ASKED, message: '--as-user needs --laravel DIR' }
      }
      const path = isBridge ? this.app.laravel.authPath : new URL(url).pathname
      return askAsUser(this.facts.directory, identity, path, fields, signal)
    }
    const headers = {
      ...FORM,
      ...(this.page === undefined ? {} : { origin: this.page, referer: `${this.page}/` }),
      ...headersOf(identity),
      ...more,
    }
    const ca = url.startsWith('https:') ? authorities(this.#scene) : []
    return ask({ method: 'POST', url, headers, body: form(fields), ca }, signal)
  }

  /** With a connection to the server, as far as there is one; it is closed afterwards. */
  async #connected<T>(
    signal: AbortSignal,
    use: (socket: PusherSocket | undefined, notConnected: string | undefined) => Promise<T>,
  ): Promise<T> {
    if (this.#own === undefined) return use(undefined, 'no server answers')
    const dialled = { url: this.#own.url, key: this.app.key, origin: this.page }
    try {
      using socket = await PusherSocket.open(dialled, signal)
      return await use(socket, undefined)
    } catch (fault) {
      if (fault instanceof NotConnected) return use(undefined, fault.message)
      throw fault
    }
  }
}

const BROADCASTING_AUTH = '/broadcasting/auth'

function endpointOf(
  facts: LaravelFacts | undefined,
  app: AppConfig,
  own: OwnAddress | undefined,
  page: string | undefined,
  given: string | undefined,
): Endpoint | undefined {
  const built = facts === undefined ? undefined : pagesOf(facts)
  const isRedis = facts !== undefined && usedConnection(facts)?.driver === 'redis'
  const usesBridge = (isRedis || facts === undefined) && app.laravel.authUrl !== undefined
  const bridge =
    usesBridge && own !== undefined
      ? `${own.url}/apps/${encodeURIComponent(app.id)}/auth`
      : undefined
  const [target, from] = (
    [
      [given, '--auth-url'],
      [built?.authEndpoint, built?.from ?? ''],
      [bridge, "the server's bridge (laravel.authUrl)"],
      [BROADCASTING_AUTH, "Echo's default"],
    ] as const
  ).find(([one]) => one !== undefined) ?? [BROADCASTING_AUTH, '']
  if (target === undefined || !URL.canParse(target, page)) return undefined
  const { href, pathname } = new URL(target, page)
  return { url: href, from, isBridge: pathname.endsWith(`/apps/${app.id}/auth`) }
}
