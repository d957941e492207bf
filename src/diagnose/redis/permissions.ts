/**
 * What a Redis user has to be allowed, as docs/redis.md says it, and what of it is refused.
 */

import type { RedisClient } from '../../redis/connect.ts'
import { credentialsOf } from '../../redis/target.ts'
import type { Fix } from '../check.ts'
import type { RedisUse } from './uses.ts'

/** For what nodes share and webhooks wait in, beside the keys and channels of the prefix. */
export const SHARING =
  '+info +ping +eval +evalsha +publish +subscribe +unsubscribe +time +@string +@list +@hash +@sortedset +del +exists +rename +pexpire +pttl'
/** The same in a Cluster, on each node. */
export const IN_CLUSTER =
  '+cluster|nodes +cluster|slots +cluster|info +cluster|keyslot +spublish +ssubscribe +sunsubscribe'
/** For what Laravel publishes, beside its pattern. */
export const LISTENING = '+psubscribe +punsubscribe +ping'

/** The rules of the one user that does all that is done there. */
export function rulesOf({ target, keyPrefix, patterns }: RedisUse): readonly string[] {
  const shares = keyPrefix !== undefined
  return [
    'on',
    ...(shares ? [`~${keyPrefix}*`] : []),
    'resetchannels',
    ...(shares ? [`&${keyPrefix}*`] : []),
    ...patterns.map((pattern) => `&${pattern}`),
    ...(shares ? SHARING.split(' ') : []),
    ...(patterns.length > 0 ? LISTENING.split(' ') : []),
    ...(target.cluster.length > 0 ? IN_CLUSTER.split(' ') : []),
  ].filter((rule, index, all) => all.indexOf(rule) === index)
}

/** What allows the user all of it. */
export function allowing(use: RedisUse): Fix {
  const rules = rulesOf(use).map((rule) => (/^[+\w@|]+$/.test(rule) ? rule : `'${rule}'`))
  return {
    text: 'Allow the user this, as a user of Redis who may (of a Cluster, on each node), and keep it with ACL SAVE or in redis.conf.',
    paste: `${redisCli(use)} ACL SETUSER ${userOf(use)} ${rules.join(' ')}`,
    into: 'shell',
  }
}

/** `redis-cli -h 127.0.0.1 -p 6379`, to the first address. */
export function redisCli({ name }: Pick<RedisUse, 'name'>): string {
  const first = name.split(',')[0] ?? ''
  const [, host = first, port = '6379'] = /^(.*?)(?::(\d+))?$/.exec(first) ?? []
  return `redis-cli -h ${host.replace(/^\[|\]$/g, '')} -p ${port}`
}

export const userOf = ({ target }: RedisUse): string =>
  credentialsOf(target.cluster[0] ?? target.url ?? '').username ?? 'default'

/** Tries commands in one step, on keys that end with it. Each is a JSON list. @returns those refused */
const TRIAL = `
local refused = {}
local function try(command)
  local answer = redis.pcall(unpack(command))
  if type(answer) == 'table' and answer.err and (string.find(answer.err, "can't") or string.find(answer.err, 'NOPERM')) then
    refused[#refused + 1] = string.lower(command[1])
  end
end
for i = 2, #ARGV do try(cjson.decode(ARGV[i])) end
return refused`

/** What the server's scripts do, on keys of their own. */
function trials(key: string): readonly (readonly string[])[] {
  const [text, hash, set, list] = [`${key}:s`, `${key}:h`, `${key}:z`, `${key}:l`]
  const soon = '10000'
  return [
    ['TIME'],
    ['SET', text, '1', 'PX', soon],
    ['GET', text],
    ['INCR', text],
    ['INCRBY', text, '1'],
    ['DECRBY', text, '1'],
    ['PTTL', text],
    ['EXISTS', text],
    ['HSET', hash, 'f', '1'],
    ['PEXPIRE', hash, soon],
    ['HGET', hash, 'f'],
    ['HMGET', hash, 'f'],
    ['HEXISTS', hash, 'f'],
    ['HINCRBY', hash, 'f', '1'],
    ['HLEN', hash],
    ['HKEYS', hash],
    ['HGETALL', hash],
    ['HSCAN', hash, '0'],
    ['HDEL', hash, 'g'],
    ['ZADD', set, '1', 'm'],
    ['PEXPIRE', set, soon],
    ['ZSCORE', set, 'm'],
    ['ZCOUNT', set, '-inf', '+inf'],
    ['ZRANGEBYSCORE', set, '-inf', '+inf'],
    ['ZREM', set, 'n'],
    ['RPUSH', list, 'a', 'b', 'c', 'd'],
    ['PEXPIRE', list, soon],
    ['LPUSH', list, 'a'],
    ['LRANGE', list, '0', '-1'],
    ['LINDEX', list, '0'],
    ['LLEN', list],
    ['LREM', list, '1', 'c'],
    ['LPOP', list],
    ['RPOP', list],
    ['RENAME', list, `${key}:r`],
    ['DEL', text, hash, set, list, `${key}:r`],
  ]
}

/** What is refused of what the server does there: commands, keys and channels. */
export async function refusals(client: RedisClient, use: RedisUse): Promise<readonly string[]> {
  const { keyPrefix, patterns, target } = use
  const refused: string[] = []
  const attempt = async <T>(what: string, asked: Promise<T>): Promise<T | undefined> => {
    try {
      return await asked
    } catch (error) {
      if (!/NOPERM/.test((error as Error).message)) throw error
      refused.push(what)
      return undefined
    }
  }
  const isCluster = target.cluster.length > 0
  const single = 'nodes' in client ? client.nodes('master')[0] : client
  if (keyPrefix !== undefined) {
    const prefix = `${keyPrefix}{0}:`
    const values = trials(`${prefix}diagnose`).map((command) => JSON.stringify(command))
    const tried = await attempt(
      `eval, or keys of ${keyPrefix}*`,
      client.eval(TRIAL, 1, `${prefix}diagnose:s`, prefix, ...values),
    )
    if (Array.isArray(tried)) refused.push(...new Set(tried.map(String)))
    const channel = `${prefix}diagnose`
    await attempt('info', Promise.resolve(single?.info()))
    if (isCluster) {
      await attempt(`spublish, or channels of ${keyPrefix}*`, client.spublish(channel, ''))
      await attempt('cluster|info', Promise.resolve(single?.cluster('INFO')))
    } else {
      await attempt(`publish, or channels of ${keyPrefix}*`, client.publish(channel, ''))
      await attempt(`subscribe, or channels of ${keyPrefix}*`, client.subscribe(channel))
      await attempt('unsubscribe', client.unsubscribe(channel))
    }
  }
  for (const pattern of patterns) {
    await attempt(
      `psubscribe, or the channels ${pattern}`,
      Promise.resolve(single?.psubscribe(pattern)),
    )
    await attempt('punsubscribe', Promise.resolve(single?.punsubscribe(pattern)))
  }
  return [...new Set(refused)]
}
