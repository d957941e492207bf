/**
 * `resound stop` and `resound drain`: end the running server, and return when it has ended.
 */
import { z } from 'zod'
import { ResoundError } from '../errors.ts'
import { RunningServer, type Target } from './admin.ts'
import { EXIT, print, printJson } from './output.ts'

export interface StopOptions extends Target {
  /** Without letting connections go at a pace. */
  readonly now?: boolean
  readonly json?: boolean
}

/** Beyond the drain's own window, for what is under way to end. */
const REST_SECONDS = 90

const Ending = z.object({ pid: z.int(), windowSeconds: z.number() })

export async function stop({ now = false, json = false, ...target }: StopOptions): Promise<number> {
  const server = await RunningServer.find(target)
  const begun = Date.now()
  const { pid, windowSeconds } = Ending.parse(
    await server.ask('POST', `/drain?now=${now ? '1' : '0'}`),
  )
  if (!json) process.stderr.write(`Waiting for process ${pid} to end\n`)
  const seconds = (now ? 0 : windowSeconds) + REST_SECONDS
  if (!(await server.isGone(pid, seconds * 1000))) {
    throw new ResoundError(
      'RESOUND_SERVER_REFUSED',
      `Process ${pid} has not ended in ${seconds} s.`,
      {
        remedy: 'Look for the reason in its log; --now ends it at once.',
      },
    )
  }
  const took = Math.round((Date.now() - begun) / 100) / 10
  if (json) printJson('stop', { pid, seconds: took })
  else print(`Process ${pid} has ended after ${took} s`)
  return EXIT.DONE
}
