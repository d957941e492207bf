/**
 * What the checks know of the set-up that they look at, each part found out once and when it is first asked
 * for: the configuration, the server that runs, the Laravel app.
 */
import { resolve } from 'node:path'
import { RunningServer, type Target } from '../cli/admin.ts'
import { type Reading, readConfig } from '../config/load.ts'
import { type LaravelFacts, laravelFacts } from './laravel/facts.ts'
import { type ReceivedStatus, ServerStatus } from './server-status.ts'

/** As the command line gave them. */
export interface SceneOptions extends Target {
  /** Where browsers connect: the public address of the server, http(s):// or ws(s)://. */
  readonly url?: string
  /** The channel that does not work; a private or presence one is asked for as a browser would. */
  readonly channel?: string
  /** A browser's session, as its Cookie header. */
  readonly cookie?: string
  /** A bearer token for the app, in place of a session. */
  readonly token?: string
  /** `EMAIL:PASSWORD` of a user of the app, for whom the tool logs in. */
  readonly login?: string
  /** A PEM file with an authority that browsers here trust beside the usual ones. */
  readonly ca?: string
  /** How long a silent socket is watched at least, in seconds. */
  readonly idleSeconds?: number
  /** Of the pages, where it is not that of APP_URL. */
  readonly origin?: string
  /** How much data the app's largest event has, in bytes. */
  readonly eventBytes?: string
  /** Id of a user of the app, or `GUARD:ID`, for whom the app itself is asked, without a login. */
  readonly asUser?: string
  /** Where pages ask who may subscribe, if not where the app's own pages do. */
  readonly authUrl?: string
}

export class Scene implements Disposable {
  /** What is to be closed when no check looks any more. */
  readonly #held: (() => void)[] = []
  readonly options: SceneOptions
  /** What the server was started with, of `--config` and `--laravel`. */
  readonly started: Target
  /** What `start` would run with, or why it would not. */
  readonly reading: Reading
  #server: Promise<RunningServer | undefined> | undefined
  #status: Promise<ReceivedStatus | undefined> | undefined
  #laravel: Promise<LaravelFacts | undefined> | undefined

  /** @param started what the server was started with, where that is less than `options` */
  constructor(options: SceneOptions, started: Target = options) {
    this.options = options
    this.started = started
    this.reading = readConfig({ flags: started })
  }

  /** Finds the server, which may have been started without a word about the Laravel app. */
  static async find(options: SceneOptions): Promise<Scene> {
    const scene = new Scene(options)
    const { laravel, ...others } = options
    if (laravel === undefined || options.adminUrl !== undefined) return scene
    if ((await scene.server()) !== undefined) return scene
    const other = new Scene(options, others)
    return (await other.server()) === undefined ? scene : other
  }

  /** The server that was started with the same configuration; undefined where none answers. */
  server(): Promise<RunningServer | undefined> {
    // That nobody answers is what a check then says. One is found by its socket whatever the file says.
    this.#server ??= RunningServer.find(this.started).catch(() => undefined)
    return this.#server
  }

  /** How that server is, as it said when it was first asked; undefined where none answers. */
  status(): Promise<ReceivedStatus | undefined> {
    this.#status ??= this.server().then(async (server) => {
      if (server === undefined) return undefined
      const status = ServerStatus.parse(await server.ask('GET', '/status'))
      return { ...status, receivedAt: Date.now() }
    })
    return this.#status
  }

  /** Keeps something open until the end. @param close what ends it */
  hold(close: () => void): void {
    this.#held.push(close)
  }

  [Symbol.dispose](): void {
    for (const close of this.#held.splice(0)) close()
  }

  /** The Laravel app of `--laravel`; undefined where none is named. */
  laravel(): Promise<LaravelFacts | undefined> {
    const { laravel } = this.options
    this.#laravel ??=
      laravel === undefined ? Promise.resolve(undefined) : laravelFacts(resolve(laravel))
    return this.#laravel
  }
}
