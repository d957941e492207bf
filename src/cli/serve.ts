/**
 * The hidden command that a worker of a process group is: it is asked to serve by whoever started it.
 */
import type { Command } from 'commander'
import { WORKER_COMMAND } from '../process/forked-worker.ts'
import { serveWorker } from '../process/serve-worker.ts'
import type { Ended } from './target-options.ts'

/** Adds the command. */
export function workerCommand(program: Command, ended: Ended): void {
  program.command(WORKER_COMMAND, { hidden: true }).action(async () => ended(await serveWorker()))
}
