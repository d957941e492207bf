/**
 * `delivery.redis`: what is published into the Redis of the app, as the redis broadcast driver does it.
 *
 * The app itself publishes, where there is PHP; meanwhile both the server's Redis and the app's are listened
 * to, so that an event that does not arrive is seen where it went, and under which name.
 */
import { identitiesOf, isConfigured, nameOfRedis } from '../../redis/target.ts'
import { type Check, type Finding, ok, skip } from '../check.ts'
import { type LaravelFacts, usedConnection } from '../laravel/facts.ts'
import { askPhp } from '../laravel/php.ts'
import type { Scene } from '../scene.ts'
import { serverOf } from './app-http.ts'
import { type AppRedis, appRedis, serversRedis } from './app-redis.ts'
import { CANARY_EVENT } from './canary.ts'
import { HEARING_MILLISECONDS, listening } from './leg.ts'
import type { CanaryListener } from './listener.ts'
import { broadcastFault, startFault } from './php-fault.ts'
import { publishTo, RedisEar } from './redis-ear.ts'
import { notListening, type Trace, traced } from './redis-trace.ts'
import { BROADCAST_SCRIPT, Broadcast } from './scripts.ts'
import { isFinding, type LocalServer, localServer } from './server.ts'

const CANARY_CHARACTERS = 16

export const throughRedis: Check<Scene> = {
  id: 'delivery.redis',
  area: 'delivery',
  question: 'Does what the app publishes into Redis arrive',
  needs: ['delivery.http', 'config.driver'],
  async run(scene, signal) {
    const facts = await scene.laravel()
    const local = await (facts === undefined ? localServer(scene) : serverOf(scene, facts))
    if (isFinding(local)) return local
    if (facts === undefined) return withoutApp(local, signal)
    if (usedConnection(facts)?.driver !== 'redis') {
      return skip('The driver of the app does not publish into Redis.')
    }
    const app = appRedis(facts, local)
    const { redisPrefix } = local.app.laravel
    if (redisPrefix === undefined || !isConfigured(serversRedis(local))) {
      return notListening(scene, local, app)
    }
    return listening(local, signal, (listener) =>
      throughApp({ scene, facts, local, app, listener, signal }),
    )
  },
}

interface Parts {
  readonly scene: Scene
  readonly facts: LaravelFacts
  readonly local: LocalServer
  readonly app: AppRedis
  readonly listener: CanaryListener
  readonly signal: AbortSignal
}

async function throughApp(parts: Parts): Promise<Finding> {
  const { scene, local, app, listener, signal } = parts
  const { channel } = listener
  const servers = serversRedis(local)
  using onServers = await RedisEar.open(servers, channel)
  using onApps = app.target === undefined ? undefined : await RedisEar.open(app.target, channel)
  const begun = performance.now()
  const fault = await published(parts)
  if (fault !== undefined) return fault
  const timings = { ...listener.timings, publish: Math.round(performance.now() - begun) }
  const heard = await listener.hears(HEARING_MILLISECONDS, signal)
  if (heard !== undefined) {
    const arrive = Math.round(performance.now() - begun)
    return ok(`What the app publishes into Redis at ${app.name} arrived in ${arrive} ms.`, {
      timings: { ...timings, arrive },
    })
  }
  const trace: Trace = {
    channel,
    servers: { name: nameOfRedis(servers), heard: onServers.heard, fault: onServers.fault },
    apps: { name: app.name, heard: onApps?.heard, fault: onApps?.fault },
    isSameAddress:
      app.target !== undefined && areSame(identitiesOf(servers), identitiesOf(app.target)),
  }
  return { outcome: 'critical', timings, ...(await traced(scene, local, app, trace)) }
}

/** @returns why nothing was published, if so */
async function published({ facts, app, listener, signal }: Parts): Promise<Finding | undefined> {
  const { channel } = listener
  const told = await askPhp({
    directory: facts.directory,
    script: BROADCAST_SCRIPT,
    input: { channel, event: CANARY_EVENT, bytes: CANARY_CHARACTERS },
    signal,
  })
  if ('answer' in told) {
    const { failed } = Broadcast.parse(told.answer)
    return failed && { outcome: 'critical', ...broadcastFault(failed, facts.directory) }
  }
  if (told.fault.reason !== 'no-php') return startFault(told.fault, facts.directory)
  if (app.target === undefined || app.prefix === undefined) {
    return skip('Without php here, where the app publishes cannot be told.')
  }
  const fault = await publishTo(app.target, app.prefix + channel, CANARY_CHARACTERS)
  return (
    fault && {
      outcome: 'critical',
      summary: `Nothing can be published into the Redis of the app at ${app.name}.`,
      evidence: [fault.reason],
      causeId: 'redis-fault',
      fix: { text: fault.remedy },
    }
  )
}

/** The server's half of the way alone: its own Redis, with the prefix that it was given. */
async function withoutApp(local: LocalServer, signal: AbortSignal): Promise<Finding> {
  const { redisPrefix } = local.app.laravel
  const target = serversRedis(local)
  if (redisPrefix === undefined || !isConfigured(target)) {
    return skip('No app is heard through Redis.')
  }
  return listening(local, signal, async (listener) => {
    const begun = performance.now()
    const fault = await publishTo(target, redisPrefix + listener.channel, CANARY_CHARACTERS)
    if (fault?.reason.startsWith('NOPERM') === true) {
      return skip('The Redis user of the server may only listen: pass --laravel DIR.')
    }
    const heard = fault === undefined && (await listener.hears(HEARING_MILLISECONDS, signal))
    if (heard !== false && heard !== undefined) {
      const arrive = Math.round(performance.now() - begun)
      const timings = { ...listener.timings, arrive }
      return ok(`What is published into Redis arrived in ${arrive} ms.`, { timings })
    }
    return {
      outcome: 'critical',
      summary: `What is published into Redis at ${nameOfRedis(target)} does not arrive.`,
      evidence: [fault?.reason ?? 'it is published, and nobody hears it'],
      causeId: fault === undefined ? 'not-subscribed' : 'redis-fault',
      ...(fault === undefined ? {} : { fix: { text: fault.remedy } }),
    }
  })
}

const areSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.some((identity) => other.includes(identity))
