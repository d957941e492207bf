/**
 * The logger: pino, on standard error.
 *
 * Messages are constant text with fields. Secrets and payloads are never among them; the redaction
 * here is the last net, not the plan.
 */
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino'
import { build as pretty } from 'pino-pretty'
import type { Config } from './config/schema.ts'

export interface LoggerOptions {
  readonly level: Config['log']['level']
  readonly format: 'pretty' | 'json'
  /** For `pretty` only. */
  readonly colour?: boolean
  /** Where lines go; standard error when left out. Tests pass a stream of their own. */
  readonly stream?: NodeJS.WritableStream
}

const SECRETS = [
  'secret',
  'previousSecret',
  'password',
  'passphrase',
  'token',
  'authorization',
  'auth',
]

/** Lines that cannot be written, as on a full disk, wait in this much memory; more are lost. */
const MOST_UNWRITTEN_BYTES = 1024 * 1024

/** A logger that writes in the calling thread: nothing is lost when the process ends. */
export function createLogger({ level, format, colour = false, stream }: LoggerOptions): Logger {
  const sink = stream ?? standardError()
  const lines: DestinationStream =
    format === 'json'
      ? sink
      : pretty({
          destination: sink,
          colorize: colour,
          sync: true,
          singleLine: true,
          translateTime: 'SYS:HH:MM:ss',
          ignore: 'pid,hostname',
        })
  return pino(
    {
      level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRETS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
        censor: '********',
      },
    },
    lines,
  )
}

/** Standard error. That it cannot be written must not end the server. */
function standardError(): DestinationStream {
  const sink = destination({ fd: 2, sync: true, maxLength: MOST_UNWRITTEN_BYTES })
  sink.on('error', () => {}) // the one place that could tell of it is the one that failed
  return sink
}
