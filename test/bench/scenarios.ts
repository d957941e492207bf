/**
 * What is measured: one load each, and what of its result is compared.
 *
 * Sizes are those at which differences between servers show and one run stays under ten seconds.
 * A target is the ratio of medians that Resound must not exceed (or fall below, for a rate).
 */
import type { Load } from './generator.ts'
import { atRate, closedLoop } from './loads.ts'
import { cpuPer, type Measure, p50, p99, perSecond, seconds } from './measures.ts'

export interface Scenario {
  readonly what: string
  readonly load: Load
  /** A smaller load first, so that code is compiled and memory grown before the measure. */
  readonly warm?: Load
  /** The bare server checks signatures too, so that the comparison is fair where that is the work. */
  readonly bareSigns?: true
  readonly needsRedis?: true
  readonly measures: readonly Measure[]
}

const fanOut = (
  connections: number,
  channels: number,
  rate: number,
  bare: number,
  soketi: number,
) => ({
  what: `${rate} signed HTTP events/s, each to ${connections / channels} subscribers`,
  load: atRate(connections, channels, rate, rate * 5),
  measures: [
    cpuPer('delivery', 'publish', { ratioTo: { bare, soketi } }),
    p50('publish'),
    p99('publish'),
  ],
})
const join = (members: number, bare: number, soketi: number): Scenario => ({
  what: `${members} members join one presence channel, one after the other`,
  bareSigns: true,
  warm: { connections: 100, channels: 10, kind: 'presence' },
  load: { connections: members, kind: 'presence', subscribeParallel: 1 },
  measures: [
    cpuPer('join', 'subscribe', { ratioTo: { bare, soketi } }),
    p50('subscribe'),
    p99('subscribe'),
  ],
})

export const scenarios: Readonly<Record<string, Scenario>> = {
  headline: {
    what: '1,000 connections, 1,000 signed HTTP events/s, one subscriber each',
    bareSigns: true,
    load: atRate(1000, 1000, 1000, 5000),
    measures: [
      cpuPer('publish', 'publish', { ratioTo: { bare: 1.25, soketi: 0.45 } }),
      p50('publish'),
      p99('publish', { bound: 5 }),
    ],
  },
  'headline-close': {
    what: 'the same with a new TCP connection for every publish',
    bareSigns: true,
    load: atRate(1000, 1000, 1000, 5000, { connectionPerPublish: 1 }),
    measures: [
      cpuPer('publish', 'publish', { ratioTo: { bare: 1.2, soketi: 0.65 } }),
      p50('publish'),
      p99('publish'),
    ],
  },
  'fan-10': fanOut(1000, 100, 500, 1.4, 0.5),
  'fan-100': { ...fanOut(1000, 10, 200, 1.1, 0.6), bareSigns: true },
  'fan-1000': fanOut(1000, 1, 40, 1.05, 0.55),
  'fan-5000': fanOut(5000, 1, 8, 1.05, 0.65),
  'fan-1000-10k': {
    what: '10 events/s of 9.5 kB, each to 1,000 subscribers',
    load: atRate(1000, 1, 10, 50, { payloadBytes: 9500 }),
    measures: [
      cpuPer('delivery', 'publish', { ratioTo: { bare: 1.1, soketi: 0.25 } }),
      p50('publish'),
      p99('publish'),
    ],
  },
  'multi-100': {
    what: '50 requests/s that name 100 channels of one subscriber each',
    load: atRate(1000, 1000, 50, 250, { channelsPerEvent: 100 }),
    measures: [
      cpuPer('delivery', 'publish', { ratioTo: { bare: 1.15, soketi: 0.6 } }),
      p50('publish'),
      p99('publish'),
    ],
  },
  'batch-10': {
    what: '2,000 events/s in batches of 10, one subscriber each',
    bareSigns: true,
    load: atRate(1000, 1000, 2000, 8000, { publish: 'batch', batchSize: 10 }),
    measures: [
      cpuPer('event', 'publish', { ratioTo: { bare: 1.2, soketi: 0.6 } }),
      p50('publish'),
      p99('publish'),
    ],
  },
  'sat-1': {
    what: 'as many events as it can, one subscriber each',
    bareSigns: true,
    load: closedLoop(1000, 12_000, 64, 16),
    measures: [
      perSecond('events', 'publish', { ratioTo: { bare: 0.75, soketi: 3 } }),
      cpuPer('event', 'publish'),
      p99('publish'),
    ],
  },
  'sat-100': {
    what: 'as many events as it can, 100 subscribers each',
    bareSigns: true,
    load: closedLoop(10, 4000, 800, 8),
    measures: [
      perSecond('deliveries', 'publish', { ratioTo: { bare: 0.9, soketi: 2 } }),
      cpuPer('delivery', 'publish'),
      p99('publish'),
    ],
  },
  'sat-1000': {
    what: 'as many events as it can, 1,000 subscribers each',
    load: closedLoop(1, 500, 4000, 4),
    measures: [
      perSecond('deliveries', 'publish', { ratioTo: { bare: 0.8, soketi: 5 } }),
      cpuPer('delivery', 'publish'),
      p99('publish'),
    ],
  },
  'client-10': {
    what: '1,000 client events/s, each to the 9 others in its channel',
    load: {
      ...atRate(1000, 100, 1000, 5000, { publish: 'client', publishers: 1000 }),
      kind: 'private',
    },
    measures: [
      cpuPer('event', 'publish', { ratioTo: { bare: 1.2, soketi: 0.8 } }),
      p50('publish'),
      p99('publish'),
    ],
  },
  ping: {
    what: '5,000 pings/s from 1,000 connections',
    load: {
      ...atRate(1000, 1, 5000, 20_000, { publish: 'ping', publishers: 1000 }),
      channelsPerConnection: 0,
    },
    measures: [
      cpuPer('ping', 'publish', { ratioTo: { bare: 1.05, soketi: 0.9 } }),
      p50('publish'),
      p99('publish'),
    ],
  },
  'sub-public': {
    what: '2,000 subscriptions to 200 public channels, 16 at a time',
    warm: { connections: 500, channels: 50 },
    load: { connections: 2000, channels: 200, subscribeParallel: 16 },
    measures: [
      cpuPer('subscribe', 'subscribe', { ratioTo: { bare: 1.4, soketi: 0.5 } }),
      perSecond('subscribes', 'subscribe'),
      p99('subscribe'),
    ],
  },
  'sub-private': {
    what: '2,000 subscriptions to 200 private channels, 16 at a time',
    bareSigns: true,
    warm: { connections: 500, channels: 50, kind: 'private' },
    load: { connections: 2000, channels: 200, kind: 'private', subscribeParallel: 16 },
    measures: [
      cpuPer('subscribe', 'subscribe', { ratioTo: { bare: 1.3, soketi: 0.55 } }),
      perSecond('subscribes', 'subscribe'),
      p99('subscribe'),
    ],
  },
  'presence-100': join(100, 1.25, 0.45),
  'presence-1000': join(1000, 1.15, 0.55),
  'connect-2k': {
    what: '2,000 connections, 64 at a time',
    warm: { connections: 1000, channelsPerConnection: 0 },
    load: { connections: 2000, channelsPerConnection: 0 },
    measures: [
      cpuPer('connection', 'connect', { ratioTo: { bare: 1.3, soketi: 0.6 } }),
      perSecond('connections', 'connect'),
      p99('connect'),
    ],
  },
  'close-10k': {
    what: '10,000 connections with a channel each, all closed at once',
    load: { connections: 10_000, channels: 10_000, measureClose: 1 },
    measures: [
      cpuPer('close', 'close', { ratioTo: { bare: 1.7, soketi: 0.15 } }),
      seconds('close'),
    ],
  },
  'idle-10k': {
    what: '10,000 idle connections with a channel each',
    warm: { connections: 500, channels: 500 },
    load: { connections: 10_000, channels: 10_000, idleSeconds: 10, pingEverySeconds: 30 },
    measures: [
      {
        name: 'resident bytes/connection',
        better: 'less',
        of: (result) =>
          (result.residentBytesAfter - result.residentBytesBefore) / result.connect.happened,
        ratioTo: { bare: 1.6, soketi: 0.6 },
      },
      {
        name: 'resident MB in all',
        better: 'less',
        of: (result) => result.residentBytesAfter / 1e6,
        ratioTo: { soketi: 0.65 },
      },
    ],
  },
  'redis-1': {
    what: '1,000 events/s from the Laravel redis driver, one subscriber each (soketi: its Redis adapter, by HTTP)',
    needsRedis: true,
    load: atRate(1000, 1000, 1000, 5000, { publish: 'redis', publishers: 1 }),
    measures: [
      cpuPer('event', 'publish', { ratioTo: { bare: 1.2, soketi: 0.3 } }),
      p50('publish'),
      p99('publish'),
    ],
  },
  'redis-sat': {
    what: 'as many events from the Laravel redis driver as it can, one subscriber each',
    needsRedis: true,
    load: closedLoop(1000, 40_000, 500, 1, { publish: 'redis' }),
    measures: [
      perSecond('events', 'publish', { ratioTo: { bare: 0.75 } }),
      cpuPer('event', 'publish'),
      p99('publish'),
    ],
  },
  'storm-5k': {
    what: '5,000 connections at once, then 5,000 private subscriptions at once',
    bareSigns: true,
    load: {
      connections: 5000,
      connectParallel: 5000,
      channels: 500,
      kind: 'private',
      subscribeParallel: 5000,
      isSaturating: true,
    },
    measures: [
      cpuPer('connection', 'connect', { ratioTo: { bare: 1.4, soketi: 0.55 } }),
      seconds('connect', { bound: 0.5 }),
      cpuPer('subscribe', 'subscribe', { ratioTo: { bare: 1.4, soketi: 0.55 } }),
      seconds('subscribe', { bound: 0.5 }),
    ],
  },
}
