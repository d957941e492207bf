/** A real Redis Cluster of three masters, each with a third of the slots. */
import { vi } from 'vitest'
import type { RedisTarget } from '../../src/redis/target.ts'
import { freePort } from './free-port.ts'
import { PATIENCE_MILLISECONDS } from './patience.ts'
import { startRedis, type TestRedis, type TestRedisOptions, type TlsFiles } from './redis.ts'

const SLOTS = 16_384
const MASTERS = 3

export class TestCluster implements AsyncDisposable {
  readonly nodes: readonly TestRedis[]

  constructor(nodes: readonly TestRedis[]) {
    this.nodes = nodes
  }

  /** As in the configuration. */
  get urls(): string[] {
    return this.nodes.map(({ url }) => url)
  }

  get tls(): TlsFiles {
    return this.nodes[0]?.tls ?? {}
  }

  /** As a client is told of it. */
  get target(): RedisTarget {
    return { cluster: this.urls, sentinels: [], tls: this.tls }
  }

  /** Gives each node its slots and makes them known to each other; resolves when all is well. */
  async form(): Promise<void> {
    const [first] = this.nodes
    for (const [index, { client }] of this.nodes.entries()) {
      const begin = Math.floor((index * SLOTS) / MASTERS)
      const end = Math.floor(((index + 1) * SLOTS) / MASTERS) - 1
      await client.cluster('ADDSLOTSRANGE', begin, end)
      if (first === undefined || index === 0) continue
      const busPort = String((await first.client.config('GET', 'cluster-port'))[1])
      await client.cluster('MEET', '127.0.0.1', first.port, busPort)
    }
    for (const { client } of this.nodes) {
      await vi.waitFor(
        async () => {
          const info = String(await client.cluster('INFO'))
          if (!info.includes('cluster_state:ok')) throw new Error(info)
          if (!info.includes(`cluster_known_nodes:${MASTERS}`)) throw new Error(info)
        },
        { timeout: PATIENCE_MILLISECONDS, interval: 20 },
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }
}

/** Starts it; all is well when this resolves. It serves what slots it has when a node is lost. */
export async function startCluster(
  options: Pick<TestRedisOptions, 'password' | 'users' | 'tls'> = {},
): Promise<TestCluster> {
  const node = (): Promise<TestRedis> =>
    startRedis({ ...options }, async () => [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
      ...['--cluster-node-timeout', '1000', '--cluster-require-full-coverage', 'no'],
    ])
  const cluster = new TestCluster(await Promise.all([node(), node(), node()]))
  await cluster.form()
  return cluster
}
