/**
 * The nodes that share a Redis, as the server sees them, and what a check of them is.
 */
import { z } from 'zod'
import { type Check, type Finding, skip } from '../check.ts'
import type { Scene } from '../scene.ts'

const Node = z.object({
  incarnation: z.string(),
  leaseMilliseconds: z.number(),
  about: z.record(z.string(), z.unknown()),
  entries: z.int(),
})
export type Node = z.infer<typeof Node>

const Nodes = z
  .object({
    node: z.string(),
    isLive: z.boolean(),
    shards: z.array(
      z.object({
        nodes: z.array(Node),
        incarnation: z.string().nullable(),
        held: z.int(),
        compared: z.object({
          entries: z.int(),
          missing: z.int(),
          ghosts: z.int(),
          examples: z.array(z.string()),
        }),
      }),
    ),
  })
  .nullable()
export type Nodes = NonNullable<z.infer<typeof Nodes>>

/** Of ten seconds, renewed every two and a half: one that has less has missed two in a row. */
export const LEAST_LEASE_MILLISECONDS = 4500

const ASKED = new WeakMap<Scene, Promise<Nodes | undefined>>()

/** The nodes as the server sees them, asked once for all checks. */
function nodesOf(scene: Scene): Promise<Nodes | undefined> {
  const known = ASKED.get(scene) ?? askNodes(scene)
  ASKED.set(scene, known)
  return known
}

/** The same, asked now. */
export async function askNodes(scene: Scene): Promise<Nodes | undefined> {
  const server = await scene.server()
  const answer = z.object({ nodes: Nodes }).parse(await server?.ask('GET', '/nodes'))
  return answer.nodes ?? undefined
}

/** A check of the nodes. @param needs beside what all of them need */
export function clusterCheck(
  id: Check<Scene>['id'],
  question: string,
  judge: (nodes: Nodes, scene: Scene) => Finding | Promise<Finding>,
  needs: readonly string[] = [],
): Check<Scene> {
  return {
    id,
    area: 'cluster',
    question,
    needs: ['server.running', 'server.redis', 'host.redis-acl', ...needs],
    run: async (scene) => {
      const nodes = await nodesOf(scene)
      return nodes === undefined
        ? skip('The server shares no Redis with others.')
        : judge(nodes, scene)
    },
  }
}

export const distinct = (nodes: readonly Node[]): readonly Node[] => [
  ...new Map(nodes.map((node) => [node.incarnation, node])).values(),
]
export const nameOf = ({ about, incarnation }: Node): string =>
  about['host'] === undefined ? incarnation : `${about['host']} (process ${about['pid']})`
export const describe = (node: Node): string =>
  `${nameOf(node)}: ${node.about['version'] ?? 'unknown release'}, lease for ${Math.round(node.leaseMilliseconds / 100) / 10} s, ${node.entries} entries`
