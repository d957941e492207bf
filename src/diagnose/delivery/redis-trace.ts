/**
 * Where an event went that the app published and no client heard: what both Redis say, put together.
 */
import { z } from 'zod'
import { credentialsOf } from '../../redis/target.ts'
import type { Finding, Fix } from '../check.ts'
import type { Scene } from '../scene.ts'
import { type AppRedis, originOfPrefix, serversRedis } from './app-redis.ts'
import { serverOptionsFix } from './option-fix.ts'
import type { RedisFault } from './redis-ear.ts'
import type { LocalServer } from './server.ts'

interface Ear {
  readonly name: string
  /** The channel on which the canary came. */
  readonly heard: string | undefined
  readonly fault: RedisFault | undefined
}

export interface Trace {
  /** Of the canary, without a prefix. */
  readonly channel: string
  /** Where the server listens. */
  readonly servers: Ear
  /** Where the app is said to publish. */
  readonly apps: Ear
  readonly isSameAddress: boolean
}

const PREFIX = 'apps[].laravel.redisPrefix'
const URL_OPTION = 'apps[].laravel.redisUrl'

type Told = Omit<Finding, 'outcome'>

const Status = z.object({
  processes: z.array(z.object({ redis: z.array(z.object({ isUp: z.boolean() })).optional() })),
})

/** Why it did not arrive. */
export async function traced(
  scene: Scene,
  local: LocalServer,
  app: AppRedis,
  trace: Trace,
): Promise<Told> {
  const { channel, servers, apps } = trace
  const configured = local.app.laravel.redisPrefix ?? ''
  const evidence = [
    `the server listens at ${servers.name} for ${configured}* (${originOfPrefix(scene, local)})`,
    ...seenBy(servers),
    ...(trace.isSameAddress ? [] : seenBy(apps)),
  ]
  const name = servers.heard ?? (trace.isSameAddress ? apps.heard : undefined)
  if (name?.endsWith(channel) === true) {
    const prefix = name.slice(0, -channel.length)
    if (prefix !== configured) return wrongPrefix(scene, local, prefix, evidence)
    return notHeard(scene, local, evidence, servers.fault?.reason)
  }
  if (!trace.isSameAddress) {
    return otherRedis(scene, local, app, trace, evidence)
  }
  if (app.prefix !== undefined && app.prefix !== configured) {
    return wrongPrefix(scene, local, app.prefix, evidence)
  }
  return notHeard(scene, local, evidence, servers.fault?.reason)
}

/** The server was not told that an app publishes into Redis. */
export function notListening(scene: Scene, local: LocalServer, app: AppRedis): Finding {
  const values = { [PREFIX]: app.prefix, [URL_OPTION]: urlWithoutPassword(app) }
  return {
    outcome: 'critical',
    summary: 'The app publishes into Redis, and the server does not listen there.',
    evidence: [`the app publishes at ${app.name}, before its channels ${app.prefix ?? 'unknown'}`],
    cause: 'Without apps[].laravel.redisPrefix the server takes events over HTTP alone.',
    causeId: 'not-listening',
    fix: serverOptionsFix(scene, local, 'Have the server listen to the Redis of the app.', values),
  }
}

function seenBy({ name, heard, fault }: Ear): readonly string[] {
  if (heard !== undefined) return [`the event of the app came at ${name} on ${heard}`]
  if (fault !== undefined) return [`${name} cannot be listened to: ${fault.reason}`]
  return [`nothing of the app came at ${name}`]
}

function wrongPrefix(
  scene: Scene,
  local: LocalServer,
  prefix: string,
  evidence: readonly string[],
): Told {
  const configured = local.app.laravel.redisPrefix ?? ''
  const values = { [PREFIX]: prefix }
  return {
    summary: `The app publishes with the prefix '${prefix}', and the server listens for '${configured}'.`,
    evidence,
    cause: 'Redis has no channel of that name for the server, which hears whole names only.',
    causeId: 'wrong-prefix',
    fix: serverOptionsFix(scene, local, 'Give the server the prefix that is in use.', values),
  }
}

function otherRedis(
  scene: Scene,
  local: LocalServer,
  app: AppRedis,
  { servers }: Trace,
  evidence: readonly string[],
): Told {
  const url = urlWithoutPassword(app)
  const text =
    url === undefined
      ? `Have the server listen at ${app.name} (apps[].laravel.redisUrl, with its password).`
      : 'Have the server listen where the app publishes.'
  const values = { [URL_OPTION]: url }
  return {
    summary: `The app publishes at ${app.name}, and the server listens at ${servers.name}.`,
    evidence,
    cause: 'They use two Redis servers, of which neither passes anything to the other.',
    causeId: 'other-redis',
    fix: url === undefined ? { text } : serverOptionsFix(scene, local, text, values),
  }
}

async function notHeard(
  scene: Scene,
  local: LocalServer,
  evidence: readonly string[],
  reason?: string,
): Promise<Told> {
  const server = await scene.server()
  const status = server && Status.parse(await server.ask('GET', '/status'))
  const isDown = status?.processes.some(({ redis = [] }) => redis.some(({ isUp }) => !isUp))
  return {
    summary: 'The event of the app is in the right Redis, and the server does not pass it on.',
    evidence: [
      ...evidence,
      isDown === true
        ? 'the server says that it is not subscribed'
        : 'the server says that it is subscribed',
    ],
    cause:
      isDown === true
        ? 'The Redis of the server is unreachable for it, or refuses the subscription.'
        : 'It runs with another configuration than the one that was read.',
    causeId: isDown === true ? 'not-subscribed' : 'stale-configuration',
    fix: isDown === true ? allowListening(local, reason) : local.reload,
  }
}

/** @param reason that Redis gave, where a connection like the server's was refused as well */
function allowListening(local: LocalServer, reason = ''): Fix {
  const { url, cluster } = serversRedis(local)
  const { username = 'default' } = credentialsOf(url ?? cluster[0] ?? 'redis://-')
  const rules = /channel/.test(reason)
    ? `&${local.app.laravel.redisPrefix}*`
    : '+psubscribe +punsubscribe +ping'
  return {
    text: 'Allow the user of the server to listen; it tries again by itself.',
    paste: `ACL SETUSER ${username} ${rules}`,
    into: 'redis-cli',
  }
}

/** Undefined where one is needed, which is not shown. */
function urlWithoutPassword({ target }: AppRedis): string | undefined {
  const url = target?.url
  if (url === undefined || new URL(url).password !== '') return undefined
  return url
}
