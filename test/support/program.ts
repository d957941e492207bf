/** A program that a test runs beside itself, in a directory of its own; it ends with the tests at the latest. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Directory } from './directory.ts'

export interface ProgramOptions {
  /** Where it runs; gone when it is. */
  readonly directory: Directory
  /** Part of the line that it prints when it serves, and where. */
  readonly ready: string
  readonly on: 'stdout' | 'stderr'
  /** All its variables; those of the tests when left out. */
  readonly environment?: NodeJS.ProcessEnv
}

/**
 * Starts it, and resolves when it serves. Disposing of it ends it.
 * @throws Error with what it says instead
 */
export async function startProgram(
  [program, ...args]: readonly [string, ...string[]],
  { directory, ready, on, environment }: ProgramOptions,
): Promise<AsyncDisposable> {
  const child = spawn(program, args, {
    cwd: directory.path,
    env: environment,
    stdio: ['ignore', on === 'stdout' ? 'pipe' : 'ignore', on === 'stderr' ? 'pipe' : 'inherit'],
  })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async (): Promise<void> => {
    kill()
    await closed
    process.off('exit', kill)
    directory[Symbol.dispose]()
  }
  const said: string[] = []
  try {
    await new Promise<void>((resolve, reject) => {
      const output = child[on]
      if (output === null) throw new Error(`${program} has no ${on}`)
      // Reads on for as long as it writes: a full pipe would stop it.
      createInterface(output).on('line', (line) => {
        said.push(line)
        if (line.includes(ready)) resolve()
      })
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`${program} did not start:\n${said.join('\n')}`)))
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { [Symbol.asyncDispose]: stop }
}
