/**
 * `resound status`: how the running server is, on one screen.
 */
import { z } from 'zod'
import { RunningServer, type Target } from './admin.ts'
import { EXIT, print, printJson } from './output.ts'

export interface StatusOptions extends Target {
  readonly json?: boolean
  readonly watch?: boolean
}

const WATCH_MILLISECONDS = 2000
const CLEAR = '\u001b[2J\u001b[H'

const Limited = z.object({ open: z.number().nullable(), limit: z.number().nullable() })

/** Of a process, what is shown; one that does not answer has none of it. */
const Process = z.object({
  pid: z.int(),
  generation: z.string(),
  state: z.string(),
  uptimeSeconds: z.number().optional(),
  connections: Limited.optional(),
  openFiles: Limited.optional(),
  memory: z.object({ residentBytes: z.number() }).optional(),
  eventLoopDelay: z.object({ p99Seconds: z.number().nullable() }).optional(),
  redis: z
    .array(
      z.object({
        isUp: z.boolean(),
        roundTripSeconds: z.number().nullable(),
        lastMessageAgeSeconds: z.number().nullable(),
      }),
    )
    .optional(),
  apps: z.record(z.string(), z.number()).optional(),
  nodes: z.number().nullish(),
  certificateEnd: z.string().nullable().optional(),
})
type Process = z.infer<typeof Process>

const Address = z.object({ host: z.string(), port: z.int() })

const Status = z.object({
  version: z.string(),
  pid: z.int(),
  uptimeSeconds: z.number(),
  ready: z.boolean(),
  reason: z.string(),
  generation: z.object({ id: z.string(), startedAt: z.string() }),
  workers: z.object({
    wanted: z.int(),
    serving: z.int(),
    respawns: z.int(),
    lastEnding: z
      .object({ code: z.int().nullable(), signal: z.string().nullable(), at: z.string() })
      .nullable(),
  }),
  processes: z.array(Process),
  connections: Limited,
  listeners: z.object({
    public: Address.extend({ tls: z.boolean() }),
    admin: Address.nullable(),
    socket: z.string().nullable(),
  }),
  isRestarting: z.boolean(),
  lastRestart: z
    .object({
      at: z.string(),
      reason: z.string(),
      outcome: z.string(),
      message: z.string().optional(),
    })
    .nullable(),
})
type Status = z.infer<typeof Status>

/** @returns 0 whatever the state is: `health` is the command that judges */
export async function status(options: StatusOptions): Promise<number> {
  const { json = false, watch = false, ...target } = options
  const server = await RunningServer.find(target)
  for (;;) {
    const document = z.looseObject({}).parse(await server.ask('GET', '/status'))
    if (json) printJson('status', document)
    else print(`${watch && process.stdout.isTTY ? CLEAR : ''}${screen(Status.parse(document))}`)
    if (!watch) return EXIT.DONE
    await new Promise((resolve) => {
      setTimeout(resolve, WATCH_MILLISECONDS)
    })
  }
}

function screen(status: Status): string {
  const serving = status.processes.filter(({ state }) => state === 'serving')
  const rows: (readonly [string, string] | undefined)[] = [
    ['Ready', status.ready ? `yes: ${status.reason}` : `no: ${status.reason}`],
    ['Up', `${duration(status.uptimeSeconds)}, process ${status.pid}`],
    ['Generation', `${status.generation.id}, since ${status.generation.startedAt}`],
    ['Listening', listening(status)],
    ['Admin', admin(status)],
    ['Workers', workers(status)],
    ['Connections', limited(status.connections)],
    ['Apps', apps(serving)],
    ['Redis', redis(serving)],
    nodes(serving),
    certificate(serving),
    ['Last restart', lastRestart(status)],
  ]
  return [
    `Resound ${status.version}`,
    '',
    ...rows.flatMap((row) => (row === undefined ? [] : `  ${row[0].padEnd(14)}${row[1]}`)),
    '',
    '  process  state     connections       open files        memory    loop p99',
    ...status.processes.map(processLine),
  ].join('\n')
}

function processLine(one: Process): string {
  const { pid, state, connections, openFiles, memory, eventLoopDelay } = one
  const delay = eventLoopDelay?.p99Seconds
  return [
    `  ${String(pid).padEnd(8)}`,
    state.padEnd(9),
    limited(connections).padEnd(17),
    limited(openFiles).padEnd(17),
    (memory === undefined ? '-' : `${Math.round(memory.residentBytes / 1024 / 1024)} MiB`).padEnd(
      9,
    ),
    delay === undefined || delay === null ? '-' : `${delay * 1000} ms`,
  ].join(' ')
}

function listening({ listeners: { public: address } }: Status): string {
  return `${address.tls ? 'https' : 'http'}://${host(address.host)}:${address.port}`
}

function admin({ listeners: { admin, socket } }: Status): string {
  const port = admin === null ? [] : [`http://${host(admin.host)}:${admin.port}`]
  return [...port, ...(socket === null ? ['no socket'] : [socket])].join(', ')
}

function workers({ workers: { wanted, serving, respawns, lastEnding } }: Status): string {
  const replaced = respawns === 0 ? '' : `, replaced ${respawns} times`
  const how = lastEnding?.signal ?? `exit code ${lastEnding?.code}`
  const ended = lastEnding === null ? '' : `, the last ended by ${how} at ${lastEnding.at}`
  return `${serving} of ${wanted} serving${replaced}${ended}`
}

function apps(processes: readonly Process[]): string {
  const counts = Object.entries(processes.find((one) => one.apps !== undefined)?.apps ?? {})
  return counts.map(([source, count]) => `${count} from ${source}`).join(', ') || 'none'
}

function redis(processes: readonly Process[]): string {
  const states = processes.flatMap((one) => one.redis ?? [])
  if (states.length === 0) return 'none is listened to'
  const down = states.filter(({ isUp }) => !isUp).length
  if (down > 0) return `${down} of ${states.length} connections do not answer`
  const slowest = Math.max(...states.map(({ roundTripSeconds }) => roundTripSeconds ?? 0))
  return `up, round trip ${Math.round(slowest * 10_000) / 10} ms`
}

function nodes(processes: readonly Process[]): readonly [string, string] | undefined {
  const known = processes.flatMap((one) => one.nodes ?? [])
  return known.length === 0 ? undefined : ['Nodes', String(Math.max(...known))]
}

function certificate(processes: readonly Process[]): readonly [string, string] | undefined {
  const [end] = processes.flatMap((one) => one.certificateEnd ?? []).sort()
  if (end === undefined) return undefined
  const days = Math.floor((Date.parse(end) - Date.now()) / 86_400_000)
  return ['Certificate', `ends ${end}, in ${days} days`]
}

function lastRestart({ isRestarting, lastRestart }: Status): string {
  if (isRestarting) return 'one is under way'
  if (lastRestart === null) return 'none since the start'
  const { at, reason, outcome, message } = lastRestart
  return `${at}, by ${reason}: ${outcome}${message === undefined ? '' : `, ${message}`}`
}

function limited(value: z.infer<typeof Limited> | undefined): string {
  if (value === undefined) return '-'
  return `${value.open ?? '?'} of ${value.limit ?? 'any number'}`
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (days > 0) return `${days} d ${hours % 24} h`
  if (hours > 0) return `${hours} h ${minutes % 60} min`
  return minutes > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`
}

const host = (name: string): string => (name.includes(':') ? `[${name}]` : name)
