/** The metrics of the process and of what it holds: its files, its event loop, its certificate. */
import { openFiles, openFilesLimit } from '../open-files.ts'
import { residentBytes } from '../resident-memory.ts'
import type { Metric } from './metric.ts'

export const PROCESS_METRICS: readonly Metric[] = [
  {
    name: 'build_info',
    type: 'gauge',
    help: 'Version of Resound and Node.js; always 1.',
    labels: ['version', 'node'],
    ofWorkers: 'first',
    read: ({ version }, write) => write(1, version, process.versions.node),
  },
  {
    name: 'ready',
    type: 'gauge',
    help: 'Whether new clients should come here, as /ready says: 1 or 0.',
    ofWorkers: 'max',
    read: ({ ready }, write) => write(ready() ? 1 : 0),
  },
  {
    // Of several processes those of the one that has most: each has the limit for itself.
    name: 'open_files',
    type: 'gauge',
    help: 'Open files; a connection is one. Where the system tells it.',
    ofWorkers: 'max',
    read: (_, write) => {
      const open = openFiles()
      if (open !== undefined) write(open)
    },
  },
  {
    name: 'open_files_limit',
    type: 'gauge',
    help: 'Most open files. Where the system tells it.',
    ofWorkers: 'min',
    read: (_, write) => {
      const limit = openFilesLimit()
      if (Number.isFinite(limit)) write(limit)
    },
  },
  {
    name: 'memory_bytes',
    type: 'gauge',
    help: 'Memory of the process (resident); of several processes, together.',
    read: (_, write) => write(residentBytes()),
  },
  {
    name: 'memory_limit_bytes',
    type: 'gauge',
    help: 'Memory that there is: memory.limitBytes, the limit of the container, or that of the machine.',
    ofWorkers: (sources) => (sources.process.isMemoryShared ? 'max' : 'sum'),
    read: (sources, write) => write(sources.process.memoryLimitBytes),
  },
  {
    name: 'event_loop_delay_seconds',
    type: 'histogram',
    help: 'How late the event loop is, ten times a second.',
    read: (sources) => [{ buckets: sources.process.eventLoopDelay }],
  },
  {
    name: 'tls_certificate_expiry_seconds',
    type: 'gauge',
    help: 'Time until the TLS certificate ends; negative when it has. With TLS.',
    ofWorkers: 'min',
    read: (sources, write) => {
      const seconds = sources.process.certificateSeconds()
      if (seconds !== undefined) write(seconds)
    },
  },
]
