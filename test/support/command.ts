/** The `resound` command as its users have it: the compiled program in a process of its own. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Directory } from './directory.ts'
import { PATIENCE_MILLISECONDS } from './patience.ts'

export const PROGRAM = path.join(import.meta.dirname, '../../dist/bin/resound.js')

export interface Surroundings {
  readonly directory?: string
  /** Variables beside PATH; those of the tests' own process stay outside. Undefined unsets one. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Limit on open files, for the process alone. */
  readonly openFiles?: number
  /** Another one than the one that is tested. */
  readonly program?: string
  /** Milliseconds after which a command that has not ended is ended. */
  readonly patience?: number
}

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

type Line = Readonly<Record<string, unknown>>

/** Runs a command to its end. */
export async function resound(
  args: readonly string[],
  surroundings?: Surroundings,
): Promise<Outcome> {
  const patience = surroundings?.patience ?? PATIENCE_MILLISECONDS
  const child = spawned(args, surroundings, patience)
  const ended = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await ended
  return { code: child.exitCode, stdout, stderr }
}

/** A server started by `resound start` that is listening, on free ports, with its log as JSON. */
export class StartedServer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<unknown>
  readonly #printed: string[] = []
  readonly #logged: string[] = []
  readonly #news = new EventEmitter()
  /** Where its admin socket is. */
  readonly #runtime = new Directory()
  /** What tells a command which server is meant. */
  readonly #target: readonly string[]
  readonly #surroundings: Surroundings

  private constructor(args: readonly string[], { environment, ...surroundings }: Surroundings) {
    const variables = {
      RESOUND_PORT: '0',
      RESOUND_ADMIN_PORT: '0',
      XDG_RUNTIME_DIR: this.#runtime.path,
      ...environment,
    }
    this.#surroundings = { ...surroundings, environment: variables }
    this.#target = ['--config', '--laravel'].flatMap((flag) => {
      const index = args.indexOf(flag)
      return index === -1 ? [] : args.slice(index, index + 2)
    })
    this.#child = spawned(['start', ...args], this.#surroundings)
    this.#ended = once(this.#child, 'close')
    const collect = (stream: Readable, lines: string[]) => {
      createInterface(stream).on('line', (line) => {
        lines.push(line)
        this.#news.emit('line')
      })
    }
    collect(this.#child.stdout, this.#printed)
    collect(this.#child.stderr, this.#logged)
    this.#child.once('exit', () => this.#news.emit('line'))
  }

  static async start(
    args: readonly string[] = [],
    surroundings: Surroundings = {},
  ): Promise<StartedServer> {
    const server = new StartedServer(args, surroundings)
    try {
      await server.#until(() => server.#printed.at(0))
      return server
    } catch (fault) {
      await server[Symbol.asyncDispose]()
      throw fault
    }
  }

  /** The ready line, as it was printed. */
  get readyLine(): string {
    return this.#printed.at(0) ?? ''
  }

  get port(): number {
    return Number(JSON.parse(this.readyLine).port)
  }

  get admin(): string {
    return `http://${JSON.parse(this.readyLine).admin}`
  }

  /** Runs a command about this server, told of it as `start` was. */
  command(...args: readonly string[]): Promise<Outcome> {
    return resound([...args, ...this.#target], this.#surroundings)
  }

  /** Starts a command about this server that does not end by itself. */
  begin(...args: readonly string[]): Ongoing {
    return new Ongoing(spawned([...args, ...this.#target], this.#surroundings))
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** All lines on standard output, then all on standard error. */
  get output(): string {
    return [...this.#printed, ...this.#logged].join('\n')
  }

  get log(): readonly Line[] {
    return this.#logged.map((line) => JSON.parse(line))
  }

  /** The first log line with this message, as soon as it is written. */
  logged(message: string): Promise<Line> {
    return this.#until(() => this.log.find(({ msg }) => msg === message))
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Resolves when the process has ended. @returns its exit code, or null if a signal killed it */
  async exit(): Promise<number | null> {
    await this.#ended
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
    this.#runtime[Symbol.dispose]()
  }

  async #until<T>(find: () => T | undefined): Promise<T> {
    const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS)
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`the server has ended:\n${this.output}`)
      await once(this.#news, 'line', { signal })
    }
  }
}

/** A command that goes on, line by line. */
export class Ongoing implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #lines: AsyncIterator<string>
  readonly #stderr: Promise<string>
  readonly #ended: Promise<unknown>

  constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child
    this.#ended = once(child, 'close')
    this.#stderr = text(child.stderr)
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  }

  /** The next line on standard output. @throws Error when there is none any more */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`the command has ended: ${await this.#stderr}`)
    return value
  }

  /** As `head` does when it has seen enough. */
  stopReading(): void {
    this.#child.stdout.destroy()
  }

  /** Resolves when it has ended. */
  async outcome(): Promise<Omit<Outcome, 'stdout'>> {
    await this.#ended
    return { code: this.#child.exitCode, stderr: await this.#stderr }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

function spawned(
  args: readonly string[],
  { directory, environment, openFiles, program = PROGRAM }: Surroundings = {},
  timeout = 0,
): ChildProcessByStdio<null, Readable, Readable> {
  const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles};`
  return spawn('sh', ['-c', `${limit} exec "$0" "$@"`, process.execPath, program, ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
  })
}
