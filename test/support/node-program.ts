/** A server written for Node.js, run from a directory of its own that is also its home. */
import { Directory } from './directory.ts'
import { startProgram } from './program.ts'

/**
 * Starts a program and waits until it prints `ready`. Disposing of it ends it.
 *
 * @param more its variables beside PATH and HOME, and the files in its directory
 * @throws Error with what it printed when it ends instead
 */
export function startNodeProgram(
  [program, ...args]: readonly [string, ...string[]],
  ready: string,
  more: {
    readonly environment?: Readonly<Record<string, string>>
    readonly files?: Readonly<Record<string, unknown>>
  } = {},
): Promise<AsyncDisposable> {
  const directory = new Directory(more.files)
  const own = { PATH: process.env['PATH'], HOME: directory.path, NODE_NO_WARNINGS: '1' }
  const environment = { ...own, ...more.environment }
  const started = { directory, ready, on: 'stdout', environment } as const
  return startProgram([process.execPath, program, ...args], started)
}
