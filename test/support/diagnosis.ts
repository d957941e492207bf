/** A Laravel app and a server with a configuration of its own, about which `diagnose` is asked. */
import path from 'node:path'
import { CHECKS } from '../../src/diagnose/checks.ts'
import { type Choice, type Result, runChecks } from '../../src/diagnose/run.ts'
import { Scene, type SceneOptions } from '../../src/diagnose/scene.ts'
import { StartedServer } from './command.ts'
import { Directory } from './directory.ts'
import { type Laravel, serveLaravel } from './laravel.ts'
import type { LaravelVersion } from './laravel-files.ts'
import { type Driver, laravelEnv } from './snippets.ts'

/** The credentials in the README. */
export const APP = { id: 'my-app', key: 'my-key', secret: 'my-secret' } as const

type Json = Readonly<Record<string, unknown>>

export interface DiagnosedOptions {
  readonly driver?: Driver
  readonly version?: LaravelVersion
  /** Options of the server's app, and of the server. */
  readonly app?: Json
  readonly server?: Json
  /** Values in the README's lines for the `.env`, and lines after them. */
  readonly values?: Readonly<Record<string, string | number>>
  readonly lines?: readonly string[]
}

export class Diagnosed implements AsyncDisposable {
  readonly server: StartedServer
  readonly laravel: Laravel
  readonly #directory: Directory
  readonly #options: DiagnosedOptions
  #app: Json
  #server: Json

  private constructor(
    server: StartedServer,
    laravel: Laravel,
    directory: Directory,
    options: DiagnosedOptions,
  ) {
    this.server = server
    this.laravel = laravel
    this.#directory = directory
    this.#options = options
    this.#app = options.app ?? {}
    this.#server = options.server ?? {}
  }

  static async start(options: DiagnosedOptions = {}): Promise<Diagnosed> {
    const { app = {}, server: more = {} } = options
    const directory = new Directory({ 'resound.json': configuration(app, more) })
    const server = await StartedServer.start(['--config', directory.file('resound.json')])
    const laravel = await serveLaravel(options.version)
    const diagnosed = new Diagnosed(server, laravel, directory, options)
    await diagnosed.configure()
    await laravel.artisan('migrate', '--force')
    return diagnosed
  }

  get file(): string {
    return this.#directory.file('resound.json')
  }

  /** Writes the app's `.env`: the README's lines with the server's port, and these after them. */
  async configure(...lines: readonly string[]): Promise<void> {
    const { driver = 'reverb', values = {}, lines: own = [] } = this.#options
    const port = { [driver === 'pusher' ? 'PUSHER_PORT' : 'REVERB_PORT']: this.server.port }
    const env = await laravelEnv(driver, { ...port, ...values })
    const changed = lines.map((line) => line.split('=', 1)[0])
    const kept = env.split('\n').filter((line) => !changed.includes(line.split('=', 1)[0] ?? ''))
    await this.laravel.configure([...kept, ...own, ...lines].join('\n'))
  }

  /** Changes the server's configuration file, and has it read. */
  async reconfigure(app: Json, server: Json = {}): Promise<void> {
    this.#app = { ...this.#app, ...app }
    this.#server = { ...this.#server, ...server }
    this.#directory.write('resound.json', configuration(this.#app, this.#server))
    const { code, stderr } = await this.server.command('reload')
    if (code !== 0) throw new Error(stderr)
  }

  /** Asks about it. @returns what each check found, by its id */
  async diagnose(
    choice: Choice,
    options: SceneOptions = {},
  ): Promise<Readonly<Record<string, Result>>> {
    const scene = new Scene({
      config: this.file,
      laravel: this.laravel.directory,
      adminUrl: this.server.admin,
      ...options,
    })
    const results = await runChecks(CHECKS, scene, choice, () => {})
    return Object.fromEntries(results.map((result) => [result.id, result]))
  }

  /** Where `.env` is, as a fix names it. */
  get env(): string {
    return path.join(this.laravel.directory, '.env')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.laravel[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
    this.#directory[Symbol.dispose]()
  }
}

function configuration(app: Json, server: Json): Json {
  return { host: '127.0.0.1', port: 0, admin: { port: 0 }, ...server, apps: [{ ...APP, ...app }] }
}
