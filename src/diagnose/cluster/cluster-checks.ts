/**
 * Of the cluster: whether the nodes that share a Redis agree.
 */
import { type Check, ok } from '../check.ts'
import { ownCommand } from '../own-command.ts'
import type { Scene } from '../scene.ts'
import { clusterBus } from './bus.ts'
import { clusterCheck, describe, distinct, LEAST_LEASE_MILLISECONDS, nameOf } from './nodes.ts'

const clusterNodes = clusterCheck(
  'cluster.nodes',
  'Is this node one of the group, and who are the others',
  ({ isLive, shards }) => {
    const all = distinct(shards.flatMap(({ nodes }) => nodes))
    const evidence = all.map(describe)
    const isListed = shards.every(({ nodes, incarnation }) =>
      nodes.some((one) => one.incarnation === incarnation && one.leaseMilliseconds > 0),
    )
    if (isLive && isListed) {
      return ok(`${all.length === 1 ? 'One node is' : `${all.length} nodes are`} in the group.`, {
        evidence,
      })
    }
    return {
      outcome: 'critical',
      summary: 'This node is not one of the group: it goes on by itself.',
      evidence,
      cause: 'It has lost Redis, hears the others no more, or its lease has ended.',
      causeId: 'not-in-group',
      fix: { text: 'See server.redis and host.redis-acl; it comes back by itself within seconds.' },
    }
  },
)

const clusterLeases = clusterCheck(
  'cluster.leases',
  'Does every node renew its lease',
  ({ shards }) => {
    const late = distinct(
      shards.flatMap(({ nodes }) =>
        nodes.filter(({ leaseMilliseconds }) => leaseMilliseconds < LEAST_LEASE_MILLISECONDS),
      ),
    )
    if (late.length === 0) return ok('Every node has renewed its lease in time.')
    return {
      outcome: 'warning',
      summary: `${late.map(nameOf).join(', ')} ${late.length === 1 ? 'has' : 'have'} not renewed ${late.length === 1 ? 'its' : 'their'} lease in time.`,
      evidence: late.map(describe),
      cause:
        'That process has died, hangs, is stopped, or cannot reach Redis. When its lease has ended, the others remove its members.',
      causeId: 'node-silent',
      fix: { text: 'Look at that process on its host: its log, and resound status there.' },
    }
  },
)

const clusterVersions = clusterCheck(
  'cluster.versions',
  'Do all nodes run the same release',
  ({ shards }) => {
    const all = distinct(shards.flatMap(({ nodes }) => nodes))
    const versions = [...new Set(all.map(({ about }) => String(about['version'] ?? 'unknown')))]
    if (versions.length <= 1) return ok(`All run ${versions[0] ?? 'the same release'}.`)
    return {
      outcome: 'warning',
      summary: `The nodes run different releases: ${versions.sort().join(', ')}.`,
      evidence: all.map(describe),
      cause: 'An update is under way, or has not reached every node.',
      causeId: 'versions-differ',
      fix: {
        text: 'Finish the update: install the same release everywhere, then resound restart.',
      },
    }
  },
)

const clusterPresence = clusterCheck(
  'cluster.presence',
  'Does Redis have the members and counts that the sockets say',
  ({ shards }, scene) => {
    const compared = shards.map((shard) => shard.compared)
    const sum = (of: (one: (typeof compared)[number]) => number): number =>
      compared.reduce((all, one) => all + of(one), 0)
    const [entries, missing, ghosts] = [
      sum((one) => one.entries),
      sum((one) => one.missing),
      sum((one) => one.ghosts),
    ]
    if (missing + ghosts === 0)
      return ok(`${entries} entries of this node were compared and agree.`)
    const isMissing = missing > 0
    return {
      outcome: 'critical',
      summary: isMissing
        ? `Redis has lost ${missing} of ${entries} members and counts that sockets here stand for.`
        : `Redis has ${ghosts} members of presence channels for whom no node has a socket.`,
      evidence: [
        ...compared.flatMap(({ examples }) => examples).map((at) => `App and channel: ${at}`),
        `Compared: ${entries} entries; missing: ${missing}; of nobody: ${ghosts}`,
      ],
      cause: isMissing
        ? 'Keys were evicted (see host.redis-eviction) or deleted by somebody.'
        : 'Keys of the nodes were deleted or restored from a backup by somebody.',
      causeId: isMissing ? 'presence-lost' : 'presence-ghosts',
      fix: isMissing
        ? {
            text: 'Restart the nodes one after the other: each registers what it holds anew.',
            paste: ownCommand(scene, 'restart'),
            into: 'shell',
          }
        : { text: 'Delete the keys of that channel in Redis, then restart the nodes.' },
    }
  },
)

export const CLUSTER_CHECKS: readonly Check<Scene>[] = [
  clusterNodes,
  clusterLeases,
  clusterBus,
  clusterVersions,
  clusterPresence,
]
