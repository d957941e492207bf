/** A Laravel app and a server with a configuration of its own, about which `diagnose` is asked. */
import path from 'node:path'
import { expect } from 'vitest'
import { z } from 'zod'
import { askServer } from '../../src/cli/admin.ts'
import type { Choice, Result } from '../../src/diagnose/run.ts'
import type { SceneOptions } from '../../src/diagnose/scene.ts'
import { diagnosis, Setup } from './breakable.ts'
import type { StartedServer } from './command.ts'
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
  readonly laravel: Laravel
  readonly #setup: Setup
  readonly #options: DiagnosedOptions
  #app: Json

  private constructor(setup: Setup, laravel: Laravel, options: DiagnosedOptions) {
    this.laravel = laravel
    this.#setup = setup
    this.#options = options
    this.#app = options.app ?? {}
  }

  static async start(options: DiagnosedOptions = {}): Promise<Diagnosed> {
    const { app = {}, server = {} } = options
    // Not at the socket that the file names: tests start a second server from it.
    const admin = { port: 0 }
    const setup = await Setup.start({ admin, ...server, apps: [{ ...APP, ...app }] })
    const laravel = await serveLaravel(options.version)
    const diagnosed = new Diagnosed(setup, laravel, options)
    await diagnosed.configure()
    await laravel.artisan('migrate', '--force')
    return diagnosed
  }

  get server(): StartedServer {
    return this.#setup.server
  }

  get file(): string {
    return this.#setup.file
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
    await this.#setup.reload({ ...server, apps: [{ ...APP, ...this.#app }] })
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
    const where = { config: this.file, adminUrl: this.server.admin }
    const { results } = await diagnosis({ ...where, ...options }, choice)
    return Object.fromEntries(results.map((result) => [result.id, result]))
  }

  /** Where `.env` is, as a fix names it. */
  get env(): string {
    return path.join(this.laravel.directory, '.env')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.laravel[Symbol.asyncDispose]()
    await this.#setup[Symbol.asyncDispose]()
  }
}

const objectOf = (value: unknown): object => (typeof value === 'object' ? { ...value } : {})
