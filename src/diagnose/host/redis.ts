/**
 * Whether Redis is one that can be relied on: its release, what it throws away, what it keeps, how soon it
 * answers.
 */
import { type Check, type Finding, ok, skip } from '../check.ts'
import { type RedisInfo, type RedisNode, redisInfos } from '../redis/info.ts'
import { redisCli } from '../redis/permissions.ts'
import { askRedis, redisUses } from '../redis/uses.ts'
import type { Scene } from '../scene.ts'

const LEAST = { single: [6, 2], cluster: [7, 0] } as const
const PINGS = 20
/** For all of them. */
const MOST_MILLISECONDS = 3000
/** A publication waits for Redis once, so that is what it costs. */
const SLOW_MILLISECONDS = 50
/** The server gives up an answer after 1.8 s. */
const MUCH_TOO_SLOW_MILLISECONDS = 1000
const FULL_SHARE = 0.9

/** A check of what Redis says of itself. @param judge of each node; undefined where it is well */
function infoCheck(
  id: Check<Scene>['id'],
  question: string,
  judge: (node: RedisNode, info: RedisInfo, scene: Scene) => Finding | undefined,
  well: (nodes: readonly RedisNode[]) => string,
): Check<Scene> {
  return {
    id,
    area: 'host',
    question,
    needs: ['server.redis'],
    run: async (scene) => {
      const infos = await redisInfos(scene)
      if (infos.length === 0) return skip('No Redis is configured.')
      const nodes = infos.flatMap((info) => info.nodes.map((node) => ({ node, info })))
      if (nodes.length === 0) return skip('The user may not ask Redis for INFO.')
      for (const { node, info } of nodes) {
        const finding = judge(node, info, scene)
        if (finding !== undefined) return finding
      }
      return ok(well(nodes.map(({ node }) => node)))
    },
  }
}

export const hostRedisVersion = infoCheck(
  'host.redis-version',
  'Is Redis recent enough',
  ({ name, info }, { use }) => {
    const text = info.get('redis_version') ?? ''
    const [least, what] =
      use.target.cluster.length > 0 ? [LEAST.cluster, 'a Cluster'] : [LEAST.single, 'Redis']
    if (!isOlder(text, least)) return undefined
    return {
      outcome: 'critical',
      summary: `Redis at ${name} is ${text}; ${what} has to be ${least.join('.')} or later.`,
      evidence: [`redis_version: ${text}`],
      cause: 'Commands that the server needs are not in that release.',
      causeId: 'redis-old',
      fix: { text: `Update Redis to ${least.join('.')} or later; Valkey does as well.` },
    }
  },
  (nodes) =>
    `Redis is ${[...new Set(nodes.map(({ info }) => info.get('redis_version')))].join(', ')}.`,
)

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [given = 0, next = 0] = version.split('.').map(Number)
  return given < major || (given === major && next < minor)
}

export const hostRedisEviction = infoCheck(
  'host.redis-eviction',
  'Does Redis keep what the server puts into it when memory is short',
  ({ name, info }, { use }) => {
    const [most, used] = [Number(info.get('maxmemory')), Number(info.get('used_memory'))]
    const policy = info.get('maxmemory_policy') ?? ''
    if (use.keyPrefix === undefined || most === 0) return undefined
    const evidence = [
      `maxmemory: ${most} bytes, of which ${used} are used`,
      `maxmemory-policy: ${policy}`,
      `Keys evicted so far: ${info.get('evicted_keys') ?? '?'}`,
    ]
    if (policy.startsWith('allkeys')) {
      return {
        outcome: 'warning',
        summary: `Redis at ${name} throws away keys of any kind when its memory is full.`,
        evidence,
        cause:
          'Members of presence channels, counts and waiting webhooks are keys without an expiry; gone, they are wrong until a node registers again.',
        causeId: 'evicts-keys',
        fix: {
          text: 'Let only keys that expire be evicted, and write it into redis.conf as well; or use a Redis of its own.',
          paste: `${redisCli({ name })} CONFIG SET maxmemory-policy volatile-lru`,
          into: 'shell',
        },
      }
    }
    if (used <= FULL_SHARE * most) return undefined
    return {
      outcome: 'warning',
      summary: `Redis at ${name} has used nine tenths of its memory, and will refuse to write.`,
      evidence,
      cause: 'Beyond maxmemory, what nodes share and webhooks that wait cannot be written.',
      causeId: 'redis-memory-full',
      fix: { text: 'Raise maxmemory, or find what fills it: redis-cli --bigkeys.' },
    }
  },
  () => 'What the server keeps in Redis is not thrown away.',
)

export const hostRedisPersistence = infoCheck(
  'host.redis-persistence',
  'Is what waits in Redis there after it restarts',
  ({ name, info, save }, { use }, { reading }) => {
    if (use.keyPrefix === undefined) return undefined
    if (
      info.get('rdb_last_bgsave_status') === 'err' ||
      info.get('aof_last_write_status') === 'err'
    ) {
      return {
        outcome: 'critical',
        summary: `Redis at ${name} cannot write its data to disk, and refuses changes for that.`,
        evidence: ['rdb_last_bgsave_status', 'aof_last_write_status'].map(
          (field) => `${field}: ${info.get(field) ?? '?'}`,
        ),
        cause: 'The disk is full, or the directory of Redis is not writable.',
        causeId: 'redis-cannot-save',
        fix: { text: 'Free the disk, or correct dir in redis.conf; the log of Redis says more.' },
      }
    }
    const hasWebhooks =
      reading.valid && reading.config.apps.some(({ webhooks }) => webhooks.length > 0)
    if (!hasWebhooks || info.get('aof_enabled') === '1' || save !== '') return undefined
    return {
      outcome: 'warning',
      summary: `Redis at ${name} keeps nothing on disk, and webhooks wait in it.`,
      evidence: ['save: (empty)', 'aof_enabled: 0'],
      cause:
        'Those that wait when Redis restarts are lost. Presence and counts come back by themselves.',
      causeId: 'not-persistent',
      fix: {
        text: 'Have it keep a log, and write the same into redis.conf.',
        paste: `${redisCli({ name })} CONFIG SET appendonly yes`,
        into: 'shell',
      },
    }
  },
  () => 'What has to be there after a restart of Redis is kept.',
)

export const hostRedisLatency: Check<Scene> = {
  id: 'host.redis-latency',
  area: 'host',
  question: 'Does Redis answer soon',
  needs: ['server.redis'],
  run: async ({ reading }) => {
    const uses = reading.valid ? redisUses(reading.config) : []
    if (uses.length === 0) return skip('No Redis is configured.')
    const timings: Record<string, number> = {}
    let slowest = { name: '', median: 0, most: 0 }
    for (const use of uses) {
      const times = await askRedis(use, async (client) => {
        const taken: number[] = []
        const start = performance.now()
        while (taken.length < PINGS && performance.now() - start < MOST_MILLISECONDS) {
          const begun = performance.now()
          await client.ping()
          taken.push(performance.now() - begun)
        }
        return taken.sort((a, b) => a - b)
      })
      const [median = 0, most = 0] = [times[Math.floor(times.length / 2)], times.at(-1)]
      timings[use.name] = rounded(median)
      if (median >= slowest.median) slowest = { name: use.name, median, most }
    }
    const { name, median, most } = slowest
    const evidence = [
      `${PINGS} PINGs: half within ${rounded(median)} ms, all within ${rounded(most)} ms`,
    ]
    if (median <= SLOW_MILLISECONDS) {
      return ok(`Redis answers within ${rounded(median)} ms.`, { timings, evidence })
    }
    return {
      outcome: median > MUCH_TOO_SLOW_MILLISECONDS ? 'critical' : 'warning',
      summary: `Redis at ${name} takes ${rounded(median)} ms for an answer.`,
      evidence,
      timings,
      cause: 'It is far away, busy with slow commands, or its machine is.',
      causeId: 'redis-slow',
      fix: {
        text: 'See what keeps it busy; where it is only far away, use one in the same network.',
        paste: `${redisCli({ name })} SLOWLOG GET 10`,
        into: 'shell',
      },
    }
  },
}

const rounded = (milliseconds: number): number => Math.round(10 * milliseconds) / 10
