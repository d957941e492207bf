/**
 * The web console as a whole: its files, its figures, its diagnosis, and the key that proves its operator.
 */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { realClock } from '../clock.ts'
import type { Flags } from '../config/sources.ts'
import { consoleLink, consoleRoutes, readConsole } from './console.ts'
import { Diagnosis } from './diagnosis.ts'
import type { AdminPort } from './port.ts'
import type { Routes } from './route.ts'
import { Samples, type SamplesParts } from './samples.ts'

const KEY_BYTES = 24

export interface WebConsoleParts extends Pick<SamplesParts, 'metrics' | 'status'> {
  readonly flags: Flags
  readonly log: Logger
  /** Whether a token is needed even to look. */
  readonly needsToken: boolean
  /** The admin port, once it listens. */
  readonly port: () => Pick<AdminPort, 'host' | 'port'>
}

export interface WebConsole {
  /** Made at each start; whoever has it is an operator. */
  readonly key: string
  readonly routes: Routes
  /** Where it opens with the key, as soon as the port listens. */
  readonly link: () => string
}

export function createWebConsole(parts: WebConsoleParts): WebConsole {
  const { flags, metrics, status, needsToken, port, log } = parts
  const key = randomBytes(KEY_BYTES).toString('base64url')
  const link = (): string => consoleLink(port(), key)
  const clock = realClock
  return {
    key,
    link,
    routes: [
      ...consoleRoutes(readConsole(), { link, needsToken }),
      ...new Samples({ metrics, status, clock, log }).routes,
      ...new Diagnosis({ flags, program: process.argv[1], clock }).routes,
    ],
  }
}
