/**
 * What each Redis says of itself (INFO), asked once for all checks.
 */
import type { RedisClient } from '../../redis/connect.ts'
import type { Scene } from '../scene.ts'
import { askRedis, type RedisUse, redisUses } from './uses.ts'

export interface RedisInfo {
  readonly use: RedisUse
  /** Of a Cluster, each master by itself; none where the user may not ask. */
  readonly nodes: readonly RedisNode[]
}

export interface RedisNode {
  readonly name: string
  readonly info: ReadonlyMap<string, string>
  /** `save`, as CONFIG GET has it; undefined where that may not be asked. */
  readonly save: string | undefined
}

const ASKED = new WeakMap<Scene, Promise<readonly RedisInfo[]>>()

/** @throws Error where one does not answer */
export function redisInfos(scene: Scene): Promise<readonly RedisInfo[]> {
  const known = ASKED.get(scene) ?? ask(scene)
  ASKED.set(scene, known)
  return known
}

async function ask({ reading }: Scene): Promise<readonly RedisInfo[]> {
  const uses = reading.valid ? redisUses(reading.config) : []
  return Promise.all(
    uses.map(async (use) => ({
      use,
      nodes: await askRedis(use, (client) =>
        Promise.all(
          mastersOf(client).map(async (node) => ({
            name: `${node.options.host ?? use.name}:${node.options.port ?? ''}`,
            info: infoIn(await orNothing(node.info())),
            save: await orNothing(saveOf(node)),
          })),
        ),
      ).then((nodes) =>
        nodes
          .filter(({ info }) => info.size > 0)
          .map((node) => (nodes.length === 1 ? { ...node, name: use.name } : node)),
      ),
    })),
  )
}

type Single = Exclude<RedisClient, { nodes: unknown }>

const mastersOf = (client: RedisClient): readonly Single[] =>
  'nodes' in client ? client.nodes('master') : [client]

async function saveOf(node: Single): Promise<string | undefined> {
  const answer: unknown = await node.config('GET', 'save')
  return Array.isArray(answer) ? String(answer[1]) : undefined
}

/** @returns undefined where Redis refuses: the user needs none of this for the server */
async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch {
    return undefined
  }
}

export const infoIn = (text: string | undefined): ReadonlyMap<string, string> =>
  new Map(
    (text ?? '').split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^(\w+):(.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value] as const]
    }),
  )
