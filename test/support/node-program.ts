/** A server written for Node.js, run from a directory of its own that is also its home. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Directory } from './directory.ts'

/**
 * Starts a program and waits until it prints `ready`. Disposing of it ends it.
 *
 * @param more its variables beside PATH and HOME, and the files in its directory
 * @throws Error with what it printed when it ends instead
 */
export async function startNodeProgram(
  [program, ...args]: readonly [string, ...string[]],
  ready: string,
  more: {
    readonly environment?: Readonly<Record<string, string>>
    readonly files?: Readonly<Record<string, unknown>>
  } = {},
): Promise<AsyncDisposable> {
  const home = new Directory(more.files)
  const child = spawn(process.execPath, [program, ...args], {
    cwd: home.path,
    env: { PATH: process.env['PATH'], HOME: home.path, NODE_NO_WARNINGS: '1', ...more.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const started: AsyncDisposable = {
    async [Symbol.asyncDispose]() {
      kill()
      await ended
      process.off('exit', kill)
      home[Symbol.dispose]()
    },
  }
  let printed = ''
  const isReady = new Promise<boolean>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      printed += `${line}\n`
      if (line.includes(ready)) resolve(true)
    })
  })
  if (await Promise.race([isReady, ended.then(() => false)])) return started
  await started[Symbol.asyncDispose]()
  throw new Error(`${program} ended:\n${printed}`)
}
