/**
 * What a load test is asked to do, and how much it may ask for at most. Pure.
 */
import { openFilesLimit } from '../open-files.ts'
import type { RedisTarget } from '../redis/target.ts'
import type { Kind, Shape } from './shape.ts'
import { MOST_NUMBERS } from './stamp.ts'
import type { Target } from './target.ts'

export const SCENARIOS = ['connect', 'subscribe', 'publish', 'presence'] as const
export type Scenario = (typeof SCENARIOS)[number]

/** What a scenario consists of, in their order. */
export const PHASES = ['connect', 'subscribe', 'publish', 'churn'] as const
export type PhaseName = (typeof PHASES)[number]

/** What a scenario is about; the phases before only lead there, as fast as they can. */
export const SUBJECTS: Readonly<Record<Scenario, PhaseName>> = {
  connect: 'connect',
  subscribe: 'subscribe',
  publish: 'publish',
  presence: 'churn',
}

/** How events are published. */
export const WAYS = ['http', 'batch', 'redis', 'client'] as const
export type Way = (typeof WAYS)[number]

/** Hard bounds, whatever is asked for. */
export const MOST = {
  connections: 100_000,
  channels: 100_000,
  rate: 200_000,
  seconds: 3600,
  publishers: 1000,
  batch: 100,
  payloadBytes: 1_048_576,
  /** Of an event that a client sends: with its frame below what fits two bytes of length. */
  clientPayloadBytes: 60_000,
  threads: 32,
} as const

/** Opening and subscribing all connections takes no longer, before a measure begins. */
export const RAMP_SECONDS = 120
/** Of what has no rate, so many at a time. */
export const PARALLEL = 64
/** Without a rate, deliveries that may be under way. */
export const IN_FLIGHT = 1000
/** For anything but the connections. */
const SPARE_FILES = 64

export interface Plan {
  readonly target: Target
  readonly connections: number
  readonly channels: number
  readonly kind: Kind
  /** Operations per second; 0 for as fast as they are answered. */
  readonly rate: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly way: Way
  readonly publishers: number
  readonly batch: number
  readonly payloadBytes: number
  readonly threads: number
  readonly redis?: { readonly target: RedisTarget; readonly prefix: string }
  /** Part of the channels' names: another for each run. */
  readonly name: string
}

/** What one thread does of a plan. Threads of the same `name` share channels. */
export interface Share extends Plan {
  readonly scenario: Scenario
  /** Or it only hears what another thread publishes in its channel. */
  readonly publishes: boolean
  /** As in `Shape`. */
  readonly firstMember: number
}

/** The kind of channels that a scenario uses. */
export function kindFor(scenario: Scenario, { kind, way }: Pick<Plan, 'kind' | 'way'>): Kind {
  if (scenario === 'presence') return 'presence'
  const mustBeGuarded = scenario === 'publish' && way === 'client' && kind === 'public'
  return mustBeGuarded ? 'private' : kind
}

export const shapeOf = (share: Share): Shape => ({
  connections: share.connections,
  kind: kindFor(share.scenario, share),
  channels: share.channels,
  channelsPerConnection: 1,
  channelsPerEvent: 1,
  name: share.name,
  firstMember: share.firstMember,
})

/** How many operations of a rate are in so many seconds; no more than can be numbered. */
export function countOf(rate: number, seconds: number): number {
  return rate === 0 ? MOST_NUMBERS - 1 : Math.min(MOST_NUMBERS - 1, Math.ceil(rate * seconds))
}

/**
 * A plan in as many parts as it has threads. Each has channels of its own as far as there are enough; where
 * there are fewer, several threads subscribe to one, and one of them publishes there.
 */
export function sharesOf(plan: Plan, scenario: Scenario): readonly Share[] {
  const { threads, channels, connections } = plan
  const groups = Math.min(threads, channels)
  return Array.from({ length: threads }, (_, thread) => {
    const group = thread % groups
    const turn = Math.floor(thread / groups)
    const crowd = part(connections, group, groups)
    return {
      ...plan,
      scenario,
      connections: part(crowd, turn, part(threads, group, groups)),
      channels: part(channels, group, groups),
      publishers: Math.max(1, part(plan.publishers, group, groups)),
      rate: rateOf(plan, scenario, groups),
      name: `${plan.name}-${group}`,
      publishes: turn === 0,
      firstMember: turn * crowd,
    }
  })
}

/** Events are published by one thread of a group; all else is done by all. */
const rateOf = ({ rate, threads }: Plan, scenario: Scenario, groups: number): number =>
  rate / (scenario === 'publish' ? groups : threads)

const part = (whole: number, index: number, parts: number): number =>
  Math.floor(whole / parts) + (index < whole % parts ? 1 : 0)

/** How many connections the limit on open files leaves room for. */
export const connectionsPossible = ({ publishers }: Pick<Plan, 'publishers'>): number =>
  Math.max(1, openFilesLimit() - publishers - SPARE_FILES)
