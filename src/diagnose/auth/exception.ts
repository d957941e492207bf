/**
 * What was thrown in the app: told by itself where it may, else by the end of its log.
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { EXCEPTION_HEADER } from './as-user.ts'
import type { Exchange, Trial } from './exchange.ts'
import type { Answer } from './request.ts'
import { jsonOf } from './signed.ts'

const MESSAGE_CHARACTERS = 200
const LOG_BYTES = 256 * 1024

const Debug = z.object({
  message: z.string(),
  exception: z.string(),
  file: z.string(),
  line: z.number(),
})

/** `Class: message at file:line`; undefined where nothing says it. */
export async function thrownIn(
  exchange: Exchange,
  answer: Answer,
  trial: Trial | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const told = answer.headers[EXCEPTION_HEADER]
  if (told !== undefined) return told
  const again = await exchange.askAsApi(trial, signal)
  const debug = Debug.safeParse(jsonOf(again.isAnswered ? again.answer.body : ''))
  const directory = exchange.facts?.directory
  if (debug.success) {
    const { message, exception, file, line } = debug.data
    const place = directory === undefined ? file : file.replace(`${directory}/`, '')
    return `${exception}: ${message.slice(0, MESSAGE_CHARACTERS)} at ${place}:${line}`
  }
  return directory === undefined ? undefined : lastLogged(directory)
}

/** The last error in the newest log: its class and place. Messages may hold what users wrote, and stay there. */
function lastLogged(directory: string): string | undefined {
  const folder = join(directory, 'storage/logs')
  try {
    const logs = readdirSync(folder).filter((name) => /^laravel(-[\d-]+)?\.log$/.test(name))
    const newest = logs
      .map((name) => join(folder, name))
      .toSorted((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)[0]
    if (newest === undefined) return undefined
    const thrown = [
      ...endOf(newest).matchAll(/\[object\] \(([\w\\]+)\(code: .*? at (\/[^\s:]+:\d+)\)/g),
    ]
    const [, exception, place = ''] = thrown.at(-1) ?? []
    return exception && `${exception} at ${place.replace(`${directory}/`, '')}`
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined // not to be read from here
    throw error
  }
}

function endOf(file: string): string {
  const { size } = statSync(file)
  const buffer = Buffer.alloc(Math.min(size, LOG_BYTES))
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, buffer, 0, buffer.length, Math.max(0, size - LOG_BYTES))
  } finally {
    closeSync(descriptor)
  }
  return buffer.toString('utf8')
}
