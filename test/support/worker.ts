/** A queue worker of a Laravel application, as a supervisor runs it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface QueueWorker extends AsyncDisposable {
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<unknown>
}

/**
 * A shell around it as one process group, which ends when the pipe to its standard input closes, so also
 * if this process dies.
 */
const SUPERVISED = (command: string): string => `
  exec 3<&0
  { cat <&3 >/dev/null; kill -KILL 0; } &
  ${command.replace('php artisan', 'exec php artisan')}
`

/**
 * Starts one. It looks for jobs a moment later; what waits for a job to be done waits for that as well.
 * @param command for a shell: `cd DIR && php artisan queue:work`
 * @param environment variables that it has and the application has not
 */
export async function startWorker(
  command: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<QueueWorker> {
  const worker = spawn('sh', ['-c', SUPERVISED(command)], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  })
  const ended = once(worker, 'exit')
  await once(worker, 'spawn')
  return {
    ended,
    [Symbol.asyncDispose]: async () => {
      worker.stdin.end()
      await ended
    },
  }
}
