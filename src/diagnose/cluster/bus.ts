/**
 * `cluster.bus`: whether each node hears what the others say. A lease says that a node reaches Redis, and
 * not that anything reaches the node: it is asked something on the bus, which it would answer at once.
 */
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { type Finding, ok, skip } from '../check.ts'
import { newCanaryChannel } from '../delivery/canary.ts'
import type { Scene } from '../scene.ts'
import { askNodes, clusterCheck, describe, distinct, type Node, nameOf } from './nodes.ts'

/** Longer than between two renewals of a lease. One that was busy for a moment answers then, too. */
const RENEWAL_MILLISECONDS = 3000

/** Of the time that asking takes. */
const SLACK_MILLISECONDS = 500

const Asked = z.object({ silentNodes: z.array(z.object({ host: z.string(), pid: z.int() })) })

export const clusterBus = clusterCheck(
  'cluster.bus',
  'Does every node hear what the others say',
  async ({ shards }, scene) => {
    const others = distinct(shards.flatMap(({ nodes }) => nodes)).length - 1
    if (others < 1) return skip('There is no other node.')
    const deaf = await deafNodes(scene)
    return deaf.length === 0
      ? ok('Every node that renews its lease answers on the bus.')
      : found(deaf)
  },
  ['cluster.nodes'],
)

/** Those that renew their leases, and do not answer on the bus: a node that has just died does neither. */
export async function deafNodes(scene: Scene): Promise<readonly Node[]> {
  const before = await silentNodes(scene)
  if (before.length === 0) return []
  const begun = performance.now()
  await setTimeout(RENEWAL_MILLISECONDS)
  const after = await silentNodes(scene)
  const elapsed = performance.now() - begun
  return after.filter(({ incarnation, leaseMilliseconds }) => {
    const one = before.find((node) => node.incarnation === incarnation)
    return (
      one !== undefined && leaseMilliseconds > one.leaseMilliseconds - elapsed + SLACK_MILLISECONDS
    )
  })
}

async function silentNodes(scene: Scene): Promise<readonly Node[]> {
  const server = await scene.server()
  // Whatever is asked of all nodes does; nobody has anything on a channel that is made up.
  const path = `/connections?limit=1&channel=${newCanaryChannel()}`
  const { silentNodes: silent } = Asked.parse(await server?.ask('GET', path))
  const { shards } = (silent.length === 0 ? undefined : await askNodes(scene)) ?? { shards: [] }
  return distinct(shards.flatMap(({ nodes }) => nodes)).filter(({ about }) =>
    silent.some(({ host, pid }) => host === about['host'] && pid === about['pid']),
  )
}

function found(silent: readonly Node[]): Finding {
  const isOne = silent.length === 1
  const names = silent.map(nameOf).join(', ')
  return {
    outcome: 'critical',
    summary: `${names} ${isOne ? 'renews its lease, and does' : 'renew their leases, and do'} not hear the others.`,
    evidence: [...silent.map(describe), 'No answer within a second to what was asked on the bus.'],
    cause:
      'Its subscription in Redis does not work: something in between has forgotten the connection, or its user may not subscribe. Its clients miss what other nodes publish.',
    causeId: 'bus-silent',
    fix: {
      text: 'Have it connect anew; where it stays silent, run resound diagnose --only host.redis-acl,cluster there.',
      paste: 'resound restart',
      into: `shell on ${names}`,
    },
  }
}
