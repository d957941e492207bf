/**
 * What a feature costs: Resound under one load in two ways, the first of which the second is held to.
 */
import type { Load } from './generator.ts'
import { atRate } from './loads.ts'
import { cpuPer, type Measure, p50, p99, perSecond } from './measures.ts'

/** One of the two ways. */
export interface Way {
  readonly name: string
  readonly load: Load
  /** What puts the load: the generator, or browsers that ask for authorisation first. */
  readonly by?: 'bridge-load'
  /** Options of the server, given what else runs. */
  readonly variables?: (beside: Beside) => NodeJS.ProcessEnv
  /** Whether somebody looks at everything that happens meanwhile, as `resound tail` does. */
  readonly isWatched?: true
}

/** What runs beside the server. */
export interface Beside {
  /** An endpoint that takes two seconds to answer. */
  readonly slowUrl: string
  /** Where the server's admin API is. */
  readonly adminPort: number
  /** Where the Laravel app that decides is. */
  readonly upstreamPort: number
}

export interface Comparison {
  readonly what: string
  readonly needsRedis?: true
  readonly ways: readonly [first: Way, second: Way]
  /** Bounds are those of the second way to the first (`ratioTo.bare`), or its own. */
  readonly measures: readonly Measure[]
}

const redisBesideHttp = (
  subscribers: number,
  connections: number,
  rate: number,
  seconds: number,
): Comparison => {
  const channels = connections / subscribers
  const load = atRate(connections, channels, rate, rate * seconds)
  return {
    what: `${rate} events/s to ${subscribers}: published over HTTP, and by Laravel's redis driver`,
    needsRedis: true,
    ways: [
      { name: 'http', load },
      { name: 'redis', load: { ...load, publish: 'redis', publishers: 1 } },
    ],
    measures: [cpuPer('event', 'publish'), p50('publish'), p99('publish')],
  }
}

const besideViewer = (what: string, load: Load): Comparison => ({
  what: `${what}: while nobody looks, and with one viewer of everything`,
  ways: [
    { name: 'unseen', load },
    { name: 'seen', load, isWatched: true },
  ],
  measures: [
    { ...cpuPer('delivery', 'publish'), ratioTo: { bare: 1.05 } },
    p50('publish'),
    p99('publish'),
  ],
})

const whispers: Load = {
  ...atRate(1000, 100, 1000, 10_000, { publish: 'client', publishers: 1000 }),
  kind: 'private',
}
const subscriptions: Load = {
  connections: 1000,
  channels: 100,
  kind: 'private',
  subscribeParallel: 64,
}

export const comparisons: Readonly<Record<string, Comparison>> = {
  'laravel-1': redisBesideHttp(1, 1000, 1000, 5),
  'laravel-100': redisBesideHttp(100, 1000, 200, 5),
  'laravel-1000': redisBesideHttp(1000, 1000, 40, 5),
  'viewer-1': besideViewer('1,000 events/s to 1', atRate(1000, 1000, 1000, 5000)),
  'viewer-100': besideViewer('100 events/s to 100', atRate(1000, 10, 100, 500)),
  bridge: {
    what: '1,000 private subscriptions, 64 at a time: signed by the app, and through the bridge to an app that takes 20 ms',
    ways: [
      { name: 'signed', by: 'bridge-load', load: subscriptions },
      {
        name: 'bridge',
        by: 'bridge-load',
        load: subscriptions,
        variables: ({ upstreamPort }) => ({
          RESOUND_APP_LARAVEL_AUTH_URL: `http://127.0.0.1:${upstreamPort}`,
        }),
      },
    ],
    measures: [
      perSecond('subscribes', 'subscribe'),
      cpuPer('subscribe', 'subscribe'),
      p50('subscribe'),
      p99('subscribe'),
    ],
  },
  webhooks: {
    what: '1,000 client events/s to 9 others: without webhooks, and each told to an endpoint that takes 2 s',
    ways: [
      { name: 'without', load: whispers },
      {
        name: 'webhooks',
        load: whispers,
        variables: ({ slowUrl }) => ({
          RESOUND_APP_WEBHOOKS_URL: slowUrl,
          RESOUND_APP_WEBHOOKS_EVENTS: 'client_event',
          RESOUND_APP_WEBHOOKS_ALLOW_PRIVATE_ADDRESS: 'true',
        }),
      },
    ],
    measures: [
      { ...p50('publish'), ratioTo: { bare: 1.05 } },
      p99('publish'),
      cpuPer('event', 'publish'),
    ],
  },
}
