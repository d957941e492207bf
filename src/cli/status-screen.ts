/**
 * The screen of `resound status`: what to know of a server first, then its processes one by one.
 */
import { styleText } from 'node:util'
import type { Limited, ProcessStatus, RedisStatus, Status } from './documents/status.ts'
import { type Column, fitted, symbol, type Terminal, table } from './terminal.ts'

const INDENT = '  '
const LABEL_WIDTH = 14
/** A certificate is renewed a month before its end at the latest. */
const CERTIFICATE_DAYS = 21

export function screen(status: Status, facts: Terminal): string {
  const serving = status.processes.filter(({ state }) => state === 'serving')
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Ready', `${symbol(status.ready ? 'ok' : 'warning', facts)}: ${status.reason}`],
    ['Up', `${duration(status.uptimeSeconds)}, process ${status.pid}`],
    ['Generation', `${status.generation.id}, since ${time(status.generation.startedAt)}`],
    ['Listening', listening(status)],
    ['Admin', admin(status)],
    ['Workers', workers(status)],
    ['Connections', limited(status.connections)],
    ['Apps', apps(serving)],
    ['Redis', redis(serving)],
    ['Subscribed', patterns(serving)],
    ['Nodes', nodes(serving)],
    ['Certificate', certificate(serving, facts)],
    ['Last restart', lastRestart(status)],
  ]
  const title = `Resound ${status.version}`
  return [
    facts.coloured ? styleText('bold', title, { validateStream: false }) : title,
    '',
    ...rows.flatMap(([label, text]) => (text === undefined ? [] : row(label, text, facts))),
    '',
    ...processes(status, facts),
  ].join('\n')
}

/** A label and its text, which goes on under itself. */
function row(label: string, text: string, facts: Terminal): string {
  const lines = fitted(text, ' '.repeat(INDENT.length + LABEL_WIDTH), facts)
  return INDENT + label + lines.slice(INDENT.length + label.length)
}

function processes({ processes: all }: Status, facts: Terminal): readonly string[] {
  const text = table(all, COLUMNS, { ...facts, width: facts.width - INDENT.length })
  return text.split('\n').map((line) => INDENT + line)
}

const COLUMNS: readonly Column<ProcessStatus>[] = [
  { title: 'process', value: ({ pid }) => String(pid) },
  { title: 'state', value: ({ state }) => state },
  { title: 'connections', value: ({ connections }) => limited(connections) },
  { title: 'open files', value: ({ openFiles }) => limited(openFiles) },
  { title: 'memory', value: memory },
  { title: 'loop p99', value: ({ eventLoopDelay }) => milliseconds(eventLoopDelay?.p99Seconds) },
]

function memory({ memory: held }: ProcessStatus): string {
  return held === undefined ? '-' : `${Math.round(held.residentBytes / 1024 / 1024)} MiB`
}

function listening({ listeners: { public: address } }: Status): string {
  return `${address.tls ? 'https' : 'http'}://${host(address.host)}:${address.port}`
}

function admin({ listeners: { admin: port, socket } }: Status): string {
  const address = port === null ? [] : [`http://${host(port.host)}:${port.port}`]
  return [...address, ...(socket === null ? ['no socket'] : [socket])].join(', ')
}

function workers({ workers: { wanted, serving, respawns, lastEnding } }: Status): string {
  const replaced = respawns === 0 ? '' : `, replaced ${respawns} times`
  const how = lastEnding?.signal ?? `exit code ${lastEnding?.code}`
  const ended = lastEnding === null ? '' : `, the last ended by ${how} at ${time(lastEnding.at)}`
  return `${serving} of ${wanted} serving${replaced}${ended}`
}

function apps(processes: readonly ProcessStatus[]): string {
  const counts = Object.entries(processes.find((one) => one.apps !== undefined)?.apps ?? {})
  return counts.map(([source, count]) => `${count} from ${source}`).join(', ') || 'none'
}

function redis(processes: readonly ProcessStatus[]): string {
  const states = processes.flatMap((one) => one.redis ?? [])
  if (states.length === 0) return 'none is configured'
  const down = states.filter(({ isUp }) => !isUp).length
  const up = down === 0 ? 'up' : `${down} of ${states.length} connections do not answer`
  const slowest = Math.max(...states.map(({ roundTripSeconds }) => roundTripSeconds ?? 0))
  const trip = slowest === 0 ? '' : `, round trip ${milliseconds(slowest)}`
  return `${up}${trip}${lastMessage(states)}`
}

/** The oldest of the last ones: several processes hear the same. */
function lastMessage(states: readonly RedisStatus[]): string {
  const ages = states.flatMap(({ lastMessageAgeSeconds }) => lastMessageAgeSeconds ?? [])
  return ages.length === 0 ? '' : `, last message ${duration(Math.max(...ages))} ago`
}

function patterns(processes: readonly ProcessStatus[]): string | undefined {
  const states = processes.flatMap((one) => one.redis ?? [])
  const names = new Set(states.flatMap((one) => one.patterns ?? []))
  return names.size === 0 ? undefined : [...names].map((name) => `"${name}"`).join(', ')
}

function nodes(processes: readonly ProcessStatus[]): string | undefined {
  const known = processes.flatMap((one) => one.nodes ?? [])
  return known.length === 0 ? undefined : `${Math.max(...known)}, with this one`
}

function certificate(processes: readonly ProcessStatus[], facts: Terminal): string | undefined {
  const [end] = processes.flatMap((one) => one.certificateEnd ?? []).sort()
  if (end === undefined) return undefined
  const days = Math.floor((Date.parse(end) - Date.now()) / 86_400_000)
  if (days < 0) return `${symbol('critical', facts)}: it has ended, ${time(end)}`
  const text = `ends ${time(end)}, in ${days} days`
  return days < CERTIFICATE_DAYS ? `${symbol('warning', facts)}: ${text}` : text
}

function lastRestart({ isRestarting, lastRestart: last }: Status): string {
  if (isRestarting) return 'one is under way'
  if (last === null) return 'none since the start'
  const { at, reason, outcome, message } = last
  return `${time(at)}, by ${reason}: ${outcome}${message === undefined ? '' : `, ${message}`}`
}

function limited(value: Limited | undefined): string {
  if (value === undefined) return '-'
  return `${value.open ?? '?'} of ${value.limit ?? 'any number'}`
}

function milliseconds(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? '-' : `${Math.round(seconds * 10_000) / 10} ms`
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (days > 0) return `${days} d ${hours % 24} h`
  if (hours > 0) return `${hours} h ${minutes % 60} min`
  return minutes > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`
}

/** An ISO time, to the second. */
const time = (text: string): string => text.replace(/\.\d+Z$/, 'Z')

const host = (name: string): string => (name.includes(':') ? `[${name}]` : name)
