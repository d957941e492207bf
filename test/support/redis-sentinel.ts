/** A real Redis with a replica, and three Sentinels that make the replica master when it is lost. */
import { once } from 'node:events'
import { vi } from 'vitest'
import type { RedisTarget } from '../../src/redis/target.ts'
import { PATIENCE_MILLISECONDS } from './patience.ts'
import { startRedis, type TestRedis, type TestRedisOptions, type TlsFiles } from './redis.ts'

/** What the Sentinels call the master. */
export const MASTER_NAME = 'primary'

export interface TestSentinelOptions extends Pick<TestRedisOptions, 'password' | 'users' | 'tls'> {
  /** Of the Sentinels; without it none is asked for. */
  readonly sentinelPassword?: string
}

export class TestSentinel implements AsyncDisposable {
  readonly sentinels: readonly TestRedis[]
  #master: TestRedis
  #replica: TestRedis

  constructor(master: TestRedis, replica: TestRedis, sentinels: readonly TestRedis[]) {
    this.#master = master
    this.#replica = replica
    this.sentinels = sentinels
  }

  /** Who is master now. */
  get master(): TestRedis {
    return this.#master
  }

  get replica(): TestRedis {
    return this.#replica
  }

  /** As in the configuration: the master's name instead of its address. */
  get url(): string {
    return this.urlFor('')
  }

  /** @param user as in a URL: `name:password`; without it the default user */
  urlFor(user: string): string {
    const url = user === '' ? this.#master.url : this.#master.urlFor(user)
    return url.replace(/127\.0\.0\.1:\d+/, MASTER_NAME)
  }

  get sentinelUrls(): string[] {
    return this.sentinels.map(({ url }) => url)
  }

  get tls(): TlsFiles {
    return this.#master.tls
  }

  /** As a client is told of it. */
  get target(): RedisTarget {
    return { url: this.url, cluster: [], sentinels: this.sentinelUrls, tls: this.tls }
  }

  /** Makes the replica master and the master its replica; resolves when every Sentinel names it. */
  async failover(): Promise<void> {
    await this.#switched(async () => {
      await this.sentinels[0]?.client.call('SENTINEL', 'FAILOVER', MASTER_NAME)
    })
  }

  /** Ends the master for good; resolves when every Sentinel names the other. */
  async loseMaster(): Promise<void> {
    await this.#switched(() => this.#master.stop('lost'))
  }

  /** Resolves when the Sentinels know each other and a replica that can take over. */
  async settle(): Promise<void> {
    for (const { client } of this.sentinels) {
      await vi.waitFor(
        async () => {
          const state = fields(await client.call('SENTINEL', 'MASTER', MASTER_NAME))
          if (state['num-other-sentinels'] !== '2') throw new Error('Sentinels are missing')
          const [replica] = listed(await client.call('SENTINEL', 'REPLICAS', MASTER_NAME))
          if (fields(replica)['master-link-status'] !== 'ok') throw new Error('no replica yet')
        },
        { timeout: PATIENCE_MILLISECONDS, interval: 20 },
      )
    }
  }

  async #switched(act: () => Promise<void>): Promise<void> {
    const listeners = this.sentinels.map(({ client }) => client.duplicate())
    try {
      await Promise.all(listeners.map((listener) => listener.subscribe('+switch-master')))
      const named = listeners.map((listener) => once(listener, 'message'))
      await act()
      await Promise.all(named)
      ;[this.#master, this.#replica] = [this.#replica, this.#master]
    } finally {
      for (const listener of listeners) listener.disconnect()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.sentinels, this.#replica, this.#master]
    await Promise.all(all.map((redis) => redis[Symbol.asyncDispose]()))
  }
}

/** Starts it; all is well when this resolves. */
export async function startSentinel(options: TestSentinelOptions = {}): Promise<TestSentinel> {
  const { sentinelPassword, ...ofRedis } = options
  const atOnce = ['--repl-diskless-sync-delay', '0']
  const master = await startRedis({ ...ofRedis, settings: atOnce })
  const replicaOf = ['--replicaof', `127.0.0.1 ${master.port}`]
  const replica = await startRedis({ ...ofRedis, settings: [...atOnce, ...replicaOf] })
  const sentinel = (): Promise<TestRedis> =>
    startRedis({
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
      sentinel: [
        `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} 2`,
        `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
        `sentinel failover-timeout ${MASTER_NAME} 10000`,
        ...(options.password === undefined
          ? []
          : [`sentinel auth-pass ${MASTER_NAME} ${options.password}`]),
      ],
    })
  const sentinels = await Promise.all([sentinel(), sentinel(), sentinel()])
  const look = (publishPeriod: string): Promise<unknown> =>
    Promise.all(
      sentinels.map(({ client }) =>
        client.call('SENTINEL', 'DEBUG', 'info-period', '100', 'publish-period', publishPeriod),
      ),
    )
  const all = new TestSentinel(master, replica, sentinels)
  await look('100') // to find each other at once
  await all.settle()
  await look('2000') // a replica that is being promoted has four times as long to be told of
  return all
}

/** A list of names and values, as Redis answers. */
function fields(reply: unknown): Readonly<Record<string, unknown>> {
  const list = listed(reply)
  return Object.fromEntries(
    list.flatMap((name, index) => (index % 2 === 0 ? [[String(name), list[index + 1]]] : [])),
  )
}

const listed = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : [])
