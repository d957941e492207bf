/**
 * What has to hold once a history is over: every view, every answer and all that Redis holds is what the
 * clients of the nodes that live make of it.
 */
import type { Redis } from 'ioredis'
import type { Occurrence } from '../../../src/hub/occurrence.ts'
import { APP, type ModelNode } from './node.ts'

export const CHANNELS = ['presence-a', 'presence-b'] as const
export const PUBLIC = 'news'

export interface Quiet {
  /** Those who live. */
  readonly nodes: readonly ModelNode[]
  readonly redis: Redis
  readonly prefix: string
  /** Of a history without a fault; undefined where one may have swallowed some. */
  readonly occurrences: readonly Occurrence[] | undefined
}

/** @returns what is wrong; undefined when nothing is */
export async function discrepancy(quiet: Quiet): Promise<string | undefined> {
  const { nodes, occurrences } = quiet
  return (
    viewsOf(nodes) ??
    (await answersOf(nodes)) ??
    (await heldOf(quiet)) ??
    (occurrences === undefined ? undefined : toldOf(nodes, occurrences))
  )
}

function viewsOf(nodes: readonly ModelNode[]): string | undefined {
  for (const node of nodes) {
    if (!node.broker.state.isLive) return `node ${node.name} is not one of the group`
    for (const client of node.clients) {
      const who = `node ${node.name}, ${client.connection.socketId}`
      for (const channel of client.wanted.keys()) {
        const truth = textOf(presentIn(nodes, channel))
        const view = client.views.get(channel)
        if (view === undefined) return `${who}: not let into ${channel}`
        if (textOf(view) !== truth) {
          return `${who}: sees ${textOf(view)} in ${channel}, where there are ${truth}`
        }
      }
      if (!client.isSignedIn) continue
      const online = textOf(client.online ?? [])
      const truth = textOf(signedIn(nodes))
      if (online !== truth) return `${who}: sees ${online} online, where there are ${truth}`
    }
  }
  return undefined
}

async function answersOf(nodes: readonly ModelNode[]): Promise<string | undefined> {
  const counts = [...CHANNELS, PUBLIC].map((channel) => subscriptions(nodes, channel))
  const connections = nodes.reduce((sum, { clients }) => sum + clients.size, 0)
  const truth = JSON.stringify({
    users: CHANNELS.map((channel) => textOf(presentIn(nodes, channel))),
    userCounts: CHANNELS.map((channel) => presentIn(nodes, channel).size),
    counts,
    channels: textOf([...CHANNELS, PUBLIC].filter((_, index) => counts[index] !== 0)),
    connections,
  })
  for (const { name, broker } of nodes) {
    const [users, userCounts, own, channels, connected] = await Promise.all([
      Promise.all(CHANNELS.map(async (channel) => textOf(await broker.users(APP, channel)))),
      broker.userCounts(APP, CHANNELS),
      broker.subscriptionCounts(APP, [...CHANNELS, PUBLIC]),
      broker.channels(APP, ''),
      broker.connections(APP),
    ]).catch(() => []) // Redis was cut off: the next look tells
    if (channels === undefined) return `node ${name} does not answer`
    const answer = JSON.stringify({
      users,
      userCounts,
      counts: own,
      channels: textOf(channels),
      connections: connected,
    })
    if (answer !== truth) return `node ${name} answers ${answer}, where it is ${truth}`
  }
  return undefined
}

/** No ghosts: every entry belongs to a node that lives, and is counted once. */
async function heldOf({ nodes, redis, prefix }: Quiet): Promise<string | undefined> {
  const leases = await redis.zrange(`${prefix}nodes`, '0', '-1')
  if (leases.length !== nodes.length) return `Redis has the incarnations ${textOf(leases)}`
  const names = await redis.hkeys(`${prefix}names`)
  if (textOf(names) !== textOf(leases)) return `Redis has the names ${textOf(names)}`
  const owners = (await redis.keys(`${escaped(prefix)}own:*`)).map((key) =>
    key.slice(`${prefix}own:`.length),
  )
  const ghost = owners.find((owner) => !leases.includes(owner))
  if (ghost !== undefined) return `Redis has entries of ${ghost}, which holds no lease`
  for (const channel of CHANNELS) {
    const seats = await redis.hgetall(`${prefix}members:${APP.id}\n${channel}`)
    const held = Object.entries(seats)
      .filter(([userId]) => userId !== '')
      .map(([userId, seat]) => `${userId}*${seat.replace(/ .*/, '')}`)
    const here = [...presentIn(nodes, channel)].map((userId) => {
      const on = nodes.filter((node) => presentIn([node], channel).has(userId))
      return `${userId}*${on.length}`
    })
    if (textOf(held) !== textOf(here)) {
      return `Redis has ${textOf(held)} in ${channel}, where there are ${textOf(here)}`
    }
  }
  return undefined
}

/** Who is present was told to have come once more than to have gone. */
function toldOf(nodes: readonly ModelNode[], told: readonly Occurrence[]): string | undefined {
  const balance = new Map<string, number>()
  for (const occurrence of told) {
    const { name } = occurrence
    if (name !== 'member_added' && name !== 'member_removed') continue
    const key = `${occurrence.userId} in ${occurrence.channel}`
    balance.set(key, (balance.get(key) ?? 0) + (name === 'member_added' ? 1 : -1))
  }
  for (const channel of CHANNELS) {
    const present = presentIn(nodes, channel)
    for (const userId of ['user-0', 'user-1', 'user-2', 'user-3']) {
      const times = balance.get(`${userId} in ${channel}`) ?? 0
      if (times !== (present.has(userId) ? 1 : 0)) {
        return `webhooks were told ${times} times more that ${userId} came to ${channel} than went`
      }
    }
  }
  return undefined
}

function presentIn(nodes: readonly ModelNode[], channel: string): Set<string> {
  const clients = nodes.flatMap((node) => [...node.clients])
  return new Set(clients.filter(({ wanted }) => wanted.has(channel)).map(({ userId }) => userId))
}

function subscriptions(nodes: readonly ModelNode[], channel: string): number {
  const clients = nodes.flatMap((node) => [...node.clients])
  return clients.filter(({ wanted, subscribed }) => wanted.has(channel) || subscribed.has(channel))
    .length
}

function signedIn(nodes: readonly ModelNode[]): Set<string> {
  const clients = nodes.flatMap((node) => [...node.clients])
  return new Set(clients.filter(({ isSignedIn }) => isSignedIn).map(({ userId }) => userId))
}

const textOf = (names: Iterable<string>): string => [...names].sort().join() || 'nobody'
const escaped = (text: string): string => text.replace(/[{}[\]*?\\]/g, '\\$&')
