/** The metrics of the process and of what it holds: its files, its event loop, its certificate. */
import type { Buckets } from '../buckets.ts'
import { openFiles, openFilesLimit } from '../open-files.ts'
import type { Register } from './register.ts'

export interface ProcessSources {
  readonly eventLoopDelay: Buckets
  readonly memoryLimitBytes: number
  /** Until the TLS certificate ends, in seconds; undefined without TLS. */
  readonly certificateSeconds: () => number | undefined
}

export function defineProcessMetrics(register: Register, sources: ProcessSources): void {
  const limit = openFilesLimit()
  if (Number.isFinite(limit)) {
    // Of several processes those of the one that has most: each has the limit for itself.
    register.gauge(
      'open_files',
      'Open files; a connection is one.',
      [],
      (gauge) => gauge.set(openFiles() ?? 0),
      'max',
    )
    register.gauge('open_files_limit', 'Most open files.', [], (gauge) => gauge.set(limit), 'min')
  }
  register.gauge('memory_bytes', 'Memory of the process (resident).', [], (gauge) =>
    gauge.set(process.memoryUsage.rss()),
  )
  register.gauge(
    'memory_limit_bytes',
    'Memory that there is: memory.limitBytes, the limit of the container, or that of the machine.',
    [],
    (gauge) => gauge.set(sources.memoryLimitBytes),
  )
  register.histogram(
    'event_loop_delay_seconds',
    'How late the event loop is, ten times a second.',
    () => [{ buckets: sources.eventLoopDelay }],
  )
  register.gauge(
    'tls_certificate_expiry_seconds',
    'Time until the TLS certificate ends; negative when it has.',
    [],
    (gauge) => {
      const seconds = sources.certificateSeconds()
      if (seconds === undefined) gauge.remove()
      else gauge.set(seconds)
    },
    'min',
  )
}
