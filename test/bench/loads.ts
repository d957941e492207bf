/** Loads of the two kinds: at a fixed rate, and as fast as a server can; and how one is made smaller. */
import type { Load } from './generator.ts'

/** Events at a fixed rate, each to the subscribers of one channel: latency and cost. */
export const atRate = (
  connections: number,
  channels: number,
  rate: number,
  events: number,
  more: Partial<Load> = {},
): Load => ({
  connections,
  channels,
  publish: 'http',
  rate,
  events,
  warmup: Math.max(20, events / 5),
  ...more,
})
/** Events as fast as their deliveries come back: the most that a server can do. */
export const closedLoop = (
  channels: number,
  events: number,
  inFlight: number,
  publishers: number,
  more: Partial<Load> = {},
): Load => ({
  connections: 1000,
  channels,
  publish: 'http',
  events,
  warmup: events / 5,
  inFlight,
  publishers,
  isSaturating: true,
  ...more,
})

/** The same load at a tenth of its size: shows that everything arrives, not how fast. */
export function tenth(load: Load): Load {
  const sizes = [
    'connections',
    'channels',
    'events',
    'warmup',
    'channelsPerEvent',
    'subscribedBefore',
    'idleSeconds',
  ] as const
  const smaller = sizes.flatMap((name) => {
    const size = load[name]
    return size === undefined ? [] : [[name, Math.max(1, Math.round(size / 10))]]
  })
  return { ...load, ...Object.fromEntries(smaller) }
}
