/** A set-up that can be broken: a real server with a configuration file, and what diagnose finds there. */
import { expect } from 'vitest'
import { CHECKS } from '../../src/diagnose/checks.ts'
import { type Choice, exitCodeOf, type Result, runChecks } from '../../src/diagnose/run.ts'
import { Scene, type SceneOptions } from '../../src/diagnose/scene.ts'
import { StartedServer, type Surroundings } from './command.ts'
import { Directory } from './directory.ts'
import { eventually } from './eventually.ts'

export interface Diagnosis {
  readonly exit: number
  readonly results: readonly Result[]
  /** @throws Error where the check did not run */
  of(id: string): Result
}

type Json = Readonly<Record<string, unknown>>

/** Runs checks in this process. */
export async function diagnosis(options: SceneOptions, choice: Choice = {}): Promise<Diagnosis> {
  using scene = new Scene(options)
  const results = await runChecks(CHECKS, scene, choice, () => undefined)
  return { exit: exitCodeOf(results), results, of: (id) => resultOf(id, results) }
}

/** @throws Error where the check did not run */
export function resultOf<One extends { readonly id: string }>(
  id: string,
  results: readonly One[],
): One {
  const found = results.find((result) => result.id === id)
  if (found === undefined) throw new Error(`${id} did not run: ${JSON.stringify(results)}`)
  return found
}

export const APP: Json = { id: '1', key: 'my-key', secret: 'my-secret' }

export class Setup implements AsyncDisposable {
  readonly server: StartedServer
  readonly directory: Directory
  #config: Json

  private constructor(server: StartedServer, directory: Directory, config: Json) {
    this.server = server
    this.directory = directory
    this.#config = config
  }

  /** @param config beside what finds the server: a socket and free ports */
  static async start(config: Json = {}, surroundings: Surroundings = {}): Promise<Setup> {
    const directory = new Directory()
    const whole = completed(config, directory)
    directory.write('resound.json', whole)
    try {
      const args = ['--config', directory.file('resound.json')]
      const server = await StartedServer.start(args, { directory: directory.path, ...surroundings })
      return new Setup(server, directory, whole)
    } catch (error) {
      directory[Symbol.dispose]()
      throw error
    }
  }

  get file(): string {
    return this.directory.file('resound.json')
  }

  /** Changes the file; the server goes on with what it has read. */
  write(config: Json): void {
    this.#config = { ...this.#config, ...config }
    this.directory.write('resound.json', this.#config)
  }

  /** Changes the file, and has the server read it. */
  async reload(config: Json): Promise<void> {
    this.write(config)
    const isReloaded = ({ msg }: { msg?: unknown }): boolean => msg === 'reloaded'
    const before = this.server.log.filter(isReloaded).length
    this.server.signal('SIGHUP')
    await eventually(() => {
      expect(this.server.log.filter(isReloaded).length).toBeGreaterThan(before)
    })
  }

  diagnose(only?: readonly string[], options: SceneOptions = {}): Promise<Diagnosis> {
    return diagnosis({ config: this.file, ...options }, only === undefined ? {} : { only })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    this.directory[Symbol.dispose]()
  }
}

/** Log lines are JSON, and the socket is where no other test looks. */
function completed(config: Json, directory: Directory): Json {
  return {
    host: '127.0.0.1',
    port: 0,
    admin: { port: 0, socket: directory.file('admin.sock') },
    apps: [APP],
    ...config,
  }
}

/** What a check found, as the tests look at it. */
export function found({ exit, of }: Diagnosis, id: string): object {
  const { outcome, causeId } = of(id)
  return { exit, outcome, causeId }
}

export const critical = (causeId: string): object => ({ exit: 2, outcome: 'critical', causeId })
export const warning = (causeId: string): object => ({ exit: 1, outcome: 'warning', causeId })
export const fine = { exit: 0, outcome: 'ok', causeId: undefined }
