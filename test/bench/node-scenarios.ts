/**
 * What is measured of several nodes over one Redis: each load on groups of one, two and three.
 *
 * Receivers and publishers are spread over the nodes, so that of n nodes one in n events is for the node
 * that it was published on. CPU times are those of all nodes together; Redis' is given by itself.
 */
import type { Load } from './generator.ts'
import { atRate } from './loads.ts'
import { cpuPer, type Measure, type PhaseName, p50, p99, perSecond } from './measures.ts'

/** Servers that are one to their clients. */
export interface Group {
  readonly name: string
  readonly server: 'resound' | 'soketi'
  readonly nodes: number
  readonly sharing: 'redis' | 'nothing'
}

export interface NodeScenario {
  readonly what: string
  readonly load: Load
  readonly groups: readonly Group[]
  /** Bounds are those to soketi with as many nodes (`ratioTo.soketi`). */
  readonly measures: readonly Measure[]
  /** What is asked of Redis is counted in the last three quarters of the idle time. */
  readonly countsCommands?: true
}

const resound = (nodes: number): Group => ({
  name: `resound ${nodes}`,
  server: 'resound',
  nodes,
  sharing: 'redis',
})
const soketi = (nodes: number): Group => ({
  ...resound(nodes),
  name: `soketi ${nodes}`,
  server: 'soketi',
})
const ALONE: Group = { name: 'resound, no Redis', server: 'resound', nodes: 1, sharing: 'nothing' }

const NODES = [resound(1), resound(2), resound(3)]
const BESIDE_SOKETI = [...NODES, soketi(1), soketi(2), soketi(3)]
const JOINED = [ALONE, ...NODES, soketi(2)]

const redisCpuPer = (what: 'event' | 'join', phase: PhaseName): Measure => ({
  name: `Redis CPU us/${what}`,
  better: 'less',
  of: (result) => {
    const measured = result[phase]
    return measured && measured.redisCpuMicros / measured.operations
  },
})

const JOINS = 200

/** @param members that are in the channel before */
const joinLatency = (members: number): NodeScenario => ({
  what: `${JOINS} joins one after the other into a presence channel of ${members}`,
  load: {
    connections: members + JOINS,
    subscribedBefore: members,
    kind: 'presence',
    subscribeParallel: 1,
  },
  groups: JOINED,
  measures: [p50('subscribe'), p99('subscribe'), redisCpuPer('join', 'subscribe')],
})

/** @param members that are in the channel before */
const joinRate = (members: number): NodeScenario => ({
  what: `${JOINS} joins, 64 at a time, into a presence channel of ${members}`,
  load: {
    connections: members + JOINS,
    subscribedBefore: members,
    kind: 'presence',
    subscribeParallel: 64,
  },
  groups: JOINED,
  measures: [
    perSecond('joins', 'subscribe'),
    cpuPer('join', 'subscribe'),
    redisCpuPer('join', 'subscribe'),
  ],
})

const idle = (members: number, channels: number): NodeScenario => ({
  what: `nothing happens to ${members} members in ${channels} presence channels`,
  load: { connections: members, channels, kind: 'presence', idleSeconds: 40 },
  groups: NODES,
  measures: [
    {
      name: 'Redis CPU us/s',
      better: 'less',
      of: ({ idle }) => idle && idle.redisCpuMicros / idle.seconds,
    },
    {
      name: 'server CPU us/s',
      better: 'less',
      of: ({ idle }) => idle && idle.serverCpuMicros / idle.seconds,
    },
  ],
  countsCommands: true,
})

export const nodeScenarios: Readonly<Record<string, NodeScenario>> = {
  headline: {
    what: '1,000 signed HTTP events/s by turns to all nodes, one subscriber each',
    load: atRate(1000, 1000, 1000, 5000, { publishers: 12 }),
    groups: BESIDE_SOKETI,
    measures: [
      cpuPer('delivery', 'publish', { ratioTo: { soketi: 0.4 } }),
      redisCpuPer('event', 'publish'),
      p50('publish'),
      p99('publish'),
    ],
  },
  'fan-100': {
    what: '200 signed HTTP events/s by turns to all nodes, 100 subscribers each',
    load: atRate(1000, 10, 200, 1000, { publishers: 12 }),
    groups: BESIDE_SOKETI,
    measures: [
      cpuPer('delivery', 'publish', { ratioTo: { soketi: 0.6 } }),
      redisCpuPer('event', 'publish'),
      p50('publish'),
      p99('publish'),
    ],
  },
  saturated: {
    what: 'as many events as a group can, one subscriber each',
    load: {
      connections: 1000,
      channels: 1000,
      publish: 'http',
      events: 12_000,
      warmup: 2400,
      inFlight: 64,
      publishers: 18,
      isSaturating: true,
    },
    groups: BESIDE_SOKETI,
    measures: [
      perSecond('events', 'publish'),
      cpuPer('delivery', 'publish'),
      redisCpuPer('event', 'publish'),
    ],
  },
  'join-100': joinLatency(100),
  'join-300': joinLatency(300),
  'join-1000': joinLatency(1000),
  'joins-250': joinRate(250),
  'joins-500': joinRate(500),
  'joins-1000': joinRate(1000),
  'idle-0': idle(0, 1),
  'idle-1000': idle(1000, 10),
  'idle-10000': idle(10_000, 100),
  'idle-channels': idle(10_000, 10_000),
}
