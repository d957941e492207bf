/**
 * What the checks know of the set-up that they look at, each part found out once and when it is first asked
 * for: the configuration, the server that runs, the Laravel app.
 */
import { resolve } from 'node:path'
import { RunningServer, type Target } from '../cli/admin.ts'
import { type Reading, readConfig } from '../config/load.ts'
import { type LaravelFacts, laravelFacts } from './laravel/facts.ts'

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
}

export class Scene {
  readonly options: SceneOptions
  /** What `start` would run with, or why it would not. */
  readonly reading: Reading
  #server: Promise<RunningServer | undefined> | undefined
  #laravel: Promise<LaravelFacts | undefined> | undefined

  constructor(options: SceneOptions) {
    this.options = options
    this.reading = readConfig({ flags: options })
  }

  /** The server that was started with the same configuration; undefined where none answers. */
  server(): Promise<RunningServer | undefined> {
    this.#server ??= this.reading.valid
      ? RunningServer.find(this.options).catch(() => undefined) // which is what a check then says
      : Promise.resolve(undefined)
    return this.#server
  }

  /** The Laravel app of `--laravel`; undefined where none is named. */
  laravel(): Promise<LaravelFacts | undefined> {
    const { laravel } = this.options
    this.#laravel ??=
      laravel === undefined ? Promise.resolve(undefined) : laravelFacts(resolve(laravel))
    return this.#laravel
  }
}
