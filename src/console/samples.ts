/** The figures of the last five minutes, and the server's status, as the server tells them. */
import { computed, signal } from '@preact/signals'
import { Follower } from './follow.ts'

/** As src/admin/sample.ts makes it. */
export interface Sample {
  readonly time: number
  readonly connections: number
  readonly subscriptions: number
  readonly opened: number
  readonly closed: number
  readonly events: { readonly http: number; readonly redis: number; readonly client: number }
  readonly delivered: number
  readonly refused: number
  readonly httpClientErrors: number
  readonly httpServerErrors: number
  readonly delivery: { readonly p50: number | null; readonly p99: number | null }
  readonly loopDelay: { readonly p50: number | null; readonly p99: number | null }
  readonly memoryBytes: number
  readonly openFiles: number | null
  readonly openFilesLimit: number | null
}

interface ProcessStatus {
  readonly pid: number
  readonly generation: string
  readonly state: string
  readonly node?: string
  readonly connections?: { readonly open: number; readonly limit: number | null }
  readonly memory?: { readonly residentBytes: number }
  readonly openFiles?: { readonly open: number | null; readonly limit: number | null }
  readonly redis?: readonly { readonly isUp: boolean; readonly roundTripSeconds: number | null }[]
  readonly nodes?: number | null
  readonly apps?: Readonly<Record<string, number>>
  readonly certificateEnd?: string | null
}

interface Listener {
  readonly host: string
  readonly port: number
  readonly tls?: boolean
}

/** Of `GET /status`, what the console shows. */
export interface Status {
  readonly version: string
  readonly pid: number
  readonly uptimeSeconds: number
  readonly ready: boolean
  readonly reason: string
  readonly generation: { readonly id: string; readonly startedAt: string }
  readonly workers: { readonly wanted: number; readonly serving: number; readonly respawns: number }
  readonly processes: readonly ProcessStatus[]
  readonly connections: { readonly open: number; readonly limit: number | null }
  readonly lastRestart: {
    readonly at: string
    readonly outcome: string
    readonly reason: string
  } | null
  readonly listeners: { readonly public: Listener; readonly admin: Listener | null }
}

export const WINDOW_SECONDS = 300
/** Without a sample for so long, the line is broken. */
const GAP_MILLISECONDS = 3500

/** Oldest first; undefined stands for a gap. */
export const samples = signal<readonly (Sample | undefined)[]>([])
export const latest = computed(() => samples.value.at(-1))
export const status = signal<Status | undefined>(undefined)

let follower: Follower | undefined

export const stream = computed(() => following.value?.state.value ?? { is: 'connecting' as const })
const following = signal<Follower | undefined>(undefined)

/** Begins to follow, once for the whole console. */
export function followSamples(): void {
  if (follower !== undefined) return
  follower = new Follower('/samples', {}, ({ event, data }) => {
    if (event === 'status') status.value = JSON.parse(data)
    else keep(JSON.parse(data))
  })
  following.value = follower
}

/** Lets go, as whoever may not look any more. */
export function leaveSamples(): void {
  follower?.stop()
  follower = undefined
  following.value = undefined
}

function keep(sample: Sample): void {
  const before = samples.value
  const last = before.at(-1)
  const isGap = last !== undefined && sample.time - last.time > GAP_MILLISECONDS
  const since = sample.time - WINDOW_SECONDS * 1000
  const recent = before.filter((one) => one === undefined || one.time >= since)
  samples.value = [...recent, ...(isGap ? [undefined] : []), sample].slice(-2 * WINDOW_SECONDS)
}
