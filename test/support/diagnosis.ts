/** A Laravel app and a server with a configuration of its own, about which `diagnose` is asked. */
import path from 'node:path'
import { expect } from 'vitest'
import { z } from 'zod'
import { askServer } from '../../src/cli/admin.ts'
import { CHECKS } from '../../src/diagnose/checks.ts'
import { type Choice, type Result, runChecks } from '../../src/diagnose/run.ts'
import { Scene, type SceneOptions } from '../../src/diagnose/scene.ts'
import { StartedServer } from './command.ts'
import { Directory } from './directory.ts'
import { eventually } from './eventually.ts'
import { type Laravel, serveLaravel } from './laravel.ts'
import type { LaravelVersion } from './laravel-files.ts'
import { type Driver, laravelEnv } from './snippets.ts'

const Status = z.object({
  ready: z.boolean(),
  processes: z.array(z.object({ redis: z.array(z.object({ isUp: z.boolean() })) })),
})

/** The credentials in the README. */
export const APP = { id: 'my-app', key: 'my-key', secret: 'my-secret' } as const

type Findings = Readonly<Record<string, Result>>
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
    const laravel = { ...objectOf(this.#app['laravel']), ...objectOf(app['laravel']) }
    this.#app = { ...this.#app, ...app, laravel }
    this.#server = { ...this.#server, ...server }
    this.#directory.write('resound.json', configuration(this.#app, this.#server))
    const isReloaded = ({ msg }: { msg?: unknown }): boolean => msg === 'reloaded'
    const before = this.server.log.filter(isReloaded).length
    this.server.signal('SIGHUP')
    await eventually(() => {
      expect(this.server.log.filter(isReloaded).length).toBeGreaterThan(before)
    })
  }

  /** Resolves when the server hears every Redis that it was told of. */
  async hearsRedis(): Promise<void> {
    const target = { adminUrl: this.server.admin }
    await eventually(async () => {
      const status = Status.parse(await askServer(target, 'GET', '/status'))
      expect(status).toEqual({ ready: true, processes: [{ redis: [{ isUp: true }] }] })
    })
  }

  /** Asks about the app and its server. @returns what each check found, by its id */
  diagnose(choice: Choice, options: SceneOptions = {}): Promise<Findings> {
    return this.diagnoseServer(choice, { laravel: this.laravel.directory, ...options })
  }

  /** Asks about the server alone. */
  async diagnoseServer(choice: Choice, options: SceneOptions = {}): Promise<Findings> {
    using scene = new Scene({ config: this.file, adminUrl: this.server.admin, ...options })
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

const objectOf = (value: unknown): object => (typeof value === 'object' ? { ...value } : {})

function configuration(app: Json, server: Json): Json {
  return { host: '127.0.0.1', port: 0, admin: { port: 0 }, ...server, apps: [{ ...APP, ...app }] }
}
