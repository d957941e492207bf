/** The programs a benchmark starts: run to their end, or started and stopped; always by their own pid. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const repository = join(import.meta.dirname, '../..')
/** Ignored by git: compiled programs, and other servers. */
export const cacheDirectory = join(repository, '.cache')

/** Runs a program to its end. @returns its stdout. @throws with its stderr when it fails, or with `missing` when there is no such program. */
export async function run(
  command: string,
  parameters: readonly string[],
  options: { cwd?: string; missing?: string; timeoutSeconds?: number } = {},
): Promise<string> {
  const child = spawn(command, parameters, {
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.timeoutSeconds === undefined ? {} : { timeout: options.timeoutSeconds * 1000 }),
  })
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const [code, signal] = await ended(child, options.missing)
  if (code === 0) return await stdout
  throw new Error(`${command} ended with ${code ?? signal}: ${(await stderr).trim()}`)
}

/** A server that runs until it is stopped. */
export interface Running {
  readonly pid: number
  /** What it said when it was. */
  readonly readyLine: string
  /** SIGTERM, and SIGKILL after five seconds: a server that drains slowly does not hold up the run. */
  stop(): Promise<void>
}

const startSeconds = 30

/** Starts a server and waits for the line of its stdout that says it is ready. @throws after 30 s. */
export async function start(
  command: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; ready: RegExp },
): Promise<Running> {
  const [program = '', ...parameters] = command
  const child = spawn(program, parameters, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill) // whatever ends the benchmark ends what it started
  const tooLate = setTimeout(kill, startSeconds * 1000)
  const end = ended(child)
  const stderr = collect(child.stderr)
  const ready = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (options.ready.test(line)) resolve(line)
    })
  })
  const said = await Promise.race([ready, end])
  clearTimeout(tooLate)
  const { pid } = child
  if (typeof said !== 'string' || pid === undefined)
    throw new Error(`${command.join(' ')} did not start: ${(await stderr).trim()}`)
  return {
    pid,
    readyLine: said,
    stop: async () => {
      child.kill('SIGTERM')
      const patience = setTimeout(kill, 5000)
      await end
      clearTimeout(patience)
      process.off('exit', kill)
    },
  }
}

/** Of the load generator; servers are on the other. */
export const GENERATOR_CPU = 1

/** What goes before a command so that it runs on one CPU: nothing without taskset or a second CPU. */
export function pinTo(cpu: 0 | 1): readonly string[] {
  const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0
  return canPin ? ['taskset', '-c', String(cpu)] : []
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text = (text + String(chunk)).slice(-1_000_000)
  return text
}

async function ended(
  child: ChildProcess,
  missing?: string,
): Promise<[number | null, string | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(missing === undefined ? error : new Error(missing, { cause: error })),
    )
    child.once('close', (code, signal) => resolve([code, signal]))
  })
}
