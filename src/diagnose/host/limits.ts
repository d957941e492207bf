/**
 * What the system lets the server have: open files, memory, and time of the processor.
 */
import { setTimeout } from 'node:timers/promises'
import type { Config } from '../../config/schema.ts'
import { type LowLimit, lowLimit } from '../../open-files.ts'
import { type Check, type Finding, ok, skip } from '../check.ts'
import type { Scene } from '../scene.ts'
import { type ServerProcess, ServerStatus } from '../server-status.ts'

/** Of a limit, beyond which it is said; the server itself says when it takes nobody new. */
const WARNING_SHARE = 0.8
/** Somebody who chats notices that. */
const LATE_SECONDS = 0.25
const MUCH_TOO_LATE_SECONDS = 1
const ANOTHER_MOMENT_MILLISECONDS = 1100
/** Process uptime from which what is typical of it is known. */
const SETTLED_SECONDS = 60

/** Those that serve, and have said how they are. */
const serving = (status: ServerStatus | undefined): readonly ServerProcess[] =>
  (status?.processes ?? []).filter(({ state }) => state === 'serving')

/** Whether one of them tells new clients to try again, for want of that. */
const isShortOf = (status: ServerStatus | undefined, what: string): boolean =>
  serving(status).some(({ shortage }) => shortage === what)

export const hostOpenFiles: Check<Scene> = {
  id: 'host.open-files',
  area: 'host',
  question: 'May the server open enough files for its connections',
  needs: ['server.running'],
  run: async (scene) => {
    const status = await scene.status()
    const limits = serving(status).flatMap(({ openFiles }) => openFiles ?? [])
    const limit = Math.min(...limits.map((one) => one.limit ?? Number.POSITIVE_INFINITY))
    if (!Number.isFinite(limit)) return skip('The system does not tell the limit.')
    const open = Math.max(...limits.map((one) => one.open ?? 0))
    const low = lowLimit(limit, scene.reading.valid ? mostConnections(scene.reading.config) : 0)
    const isFull = isShortOf(status, 'files')
    if (low === undefined && !isFull) return ok(`${open} of ${limit} files are open.`)
    return fewFiles(low ?? lowLimit(limit, limit), limit, open, isFull)
  },
}

function fewFiles(
  low: LowLimit | undefined,
  limit: number,
  open: number,
  isFull: boolean,
): Finding {
  const more = low?.systemd.split('=')[1] ?? ''
  return {
    outcome: isFull ? 'critical' : 'warning',
    summary: isFull
      ? `${open} of ${limit} open files are in use: new clients are turned away.`
      : `The server may open ${limit} files, which is few.`,
    evidence: [
      `Limit on open files: ${limit}, of which ${open} are open`,
      ...(low === undefined ? [] : [`That leaves room for ${low.connections} connections.`]),
      ...(low?.configured === undefined
        ? []
        : [`The apps may have ${low.configured} (maxConnections).`]),
    ],
    cause: 'Each connection is an open file, and the default of systemd or a shell is often 1024.',
    causeId: isFull ? 'files-full' : 'files-low',
    fix: {
      text: `Raise it where the server is started, and restart it. By systemd as here; in a shell ulimit -n ${more}; in Docker --ulimit nofile=${more}:${more}.`,
      paste: `[Service]\nLimitNOFILE=${more}`,
      into: 'systemctl edit resound',
    },
  }
}

function mostConnections({ apps }: Config): number {
  const each = apps.map(({ maxConnections }) => maxConnections)
  return each.includes(0) ? 0 : each.reduce((sum, one) => sum + one, 0)
}

export const hostMemory: Check<Scene> = {
  id: 'host.memory',
  area: 'host',
  question: 'Has the server memory left',
  needs: ['server.running'],
  run: async (scene) => {
    const status = await scene.status()
    const used = serving(status).flatMap(({ memory }) => memory ?? [])
    const limit = Math.min(...used.map((one) => one.limitBytes ?? Number.POSITIVE_INFINITY))
    if (!Number.isFinite(limit)) return skip('The limit is not known.')
    // Workers of one container share its limit.
    const resident = used.reduce((sum, one) => sum + one.residentBytes, 0)
    const text = `${mebibytes(resident)} of ${mebibytes(limit)} MiB are used`
    if (isShortOf(status, 'heap')) return HEAP_FULL
    const isFull = isShortOf(status, 'memory')
    if (!isFull && resident <= WARNING_SHARE * limit) return ok(`${text}.`)
    return {
      outcome: isFull ? 'critical' : 'warning',
      summary: isFull
        ? `${text}: new clients are turned away.`
        : `${text}; beyond nine tenths new clients are turned away.`,
      evidence: [`Resident: ${resident} bytes`, `Limit: ${limit} bytes`],
      cause:
        'The limit is that of memory.limitBytes, of the container (cgroup), or the memory of the machine.',
      causeId: isFull ? 'memory-full' : 'memory-low',
      fix: {
        text: 'Give the container or the machine more memory (docker run --memory, MemoryMax= of systemd), correct memory.limitBytes, or add servers.',
      },
    }
  },
}

const HEAP_FULL: Finding = {
  outcome: 'critical',
  summary: 'The heap of Node.js is full to nine tenths: new clients are turned away.',
  cause: 'Node.js chooses the size of its heap at the start, by the memory that it finds.',
  causeId: 'heap-full',
  fix: {
    text: 'Start the server with a larger heap, in MiB, or add servers.',
    paste: '[Service]\nEnvironment=NODE_OPTIONS=--max-old-space-size=4096',
    into: 'systemctl edit resound',
  },
}

export const hostEventLoop: Check<Scene> = {
  id: 'host.event-loop',
  area: 'host',
  question: 'Is the server on time, or does its event loop wait',
  needs: ['server.running'],
  run: async (scene) => {
    const server = await scene.server()
    const before = lateness(await scene.status())
    if (server === undefined || before === undefined) return skip('It is not known.')
    if (before.recent <= LATE_SECONDS && before.p99 <= LATE_SECONDS) return onTime(before.recent)
    // A moment may be bad; two in a row are not chance.
    await setTimeout(ANOTHER_MOMENT_MILLISECONDS)
    const after = lateness(ServerStatus.parse(await server.ask('GET', '/status'))) ?? before
    const recent = Math.min(before.recent, after.recent)
    if (recent <= LATE_SECONDS && after.p99 <= LATE_SECONDS) return onTime(after.recent)
    const worst = Math.max(recent, after.p99)
    return {
      outcome: recent > MUCH_TOO_LATE_SECONDS ? 'critical' : 'warning',
      summary: `The event loop is up to ${milliseconds(worst)} ms late, and so is every event.`,
      evidence: [
        `In the last second: at most ${milliseconds(after.recent)} ms late`,
        `Since the start: 99 % of the time at most ${milliseconds(after.p99)} ms`,
      ],
      cause:
        'The processor is busy with something else, the machine swaps, the container is throttled, or there is more to send than one process can.',
      causeId: 'event-loop-late',
      fix: {
        text: 'See what uses the processor (top) and whether the container is throttled (cpu.stat); else use more workers, which need Redis.',
      },
    }
  },
}

const onTime = (recent: number): Finding =>
  ok(`It is on time: at most ${milliseconds(recent)} ms late in a second.`)

/** Of the latest process. The 99 % of one that has just begun are of its beginning. */
function lateness(
  status: ServerStatus | undefined,
): { readonly recent: number; readonly p99: number } | undefined {
  const known = serving(status).filter(({ eventLoopDelay }) => eventLoopDelay !== undefined)
  if (known.length === 0) return undefined
  const settled = known.filter(({ uptimeSeconds = 0 }) => uptimeSeconds > SETTLED_SECONDS)
  return {
    recent: Math.max(...known.map(({ eventLoopDelay }) => eventLoopDelay?.recentSeconds ?? 0)),
    p99: Math.max(0, ...settled.map(({ eventLoopDelay }) => eventLoopDelay?.p99Seconds ?? 0)),
  }
}

export const hostMigration: Check<Scene> = {
  id: 'host.tcp-migrate-req',
  area: 'host',
  question: 'Do connections survive that are being made while workers are replaced',
  needs: ['server.running'],
  run: async (scene) => {
    const status = await scene.status()
    if (status === undefined || status.workers.wanted < 2) return skip('There is one process.')
    const isOn = status.processes.find((one) => one.tcpMigrateReq !== undefined)?.tcpMigrateReq
    if (isOn === null || isOn === undefined) return skip('This system has no such setting.')
    if (isOn) return ok('net.ipv4.tcp_migrate_req is 1.')
    return {
      outcome: 'warning',
      summary: 'A client that connects while a worker is replaced may wait for 15 seconds.',
      evidence: ['net.ipv4.tcp_migrate_req = 0', `Workers: ${status.workers.wanted}`],
      cause:
        'Linux gives a connection to one listener when its first packet arrives, and resets it when that one closes.',
      causeId: 'migration-off',
      fix: {
        text: 'Switch it on, and write the same into /etc/sysctl.d/99-resound.conf.',
        paste: 'sysctl -w net.ipv4.tcp_migrate_req=1',
        into: 'shell',
      },
    }
  },
}

const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024)
const milliseconds = (seconds: number): number => Math.round(1000 * seconds)
