/**
 * `delivery.payload-size`: an event as large as the server promises to take, by the way that the app's
 * events go.
 */
import { type Check, type Finding, type Fix, ok } from '../check.ts'
import { type LaravelFacts, usedConnection } from '../laravel/facts.ts'
import { askPhp } from '../laravel/php.ts'
import type { Scene } from '../scene.ts'
import type { Api, Sent } from './api.ts'
import { appApi } from './app-api.ts'
import { serverOf } from './app-http.ts'
import { CANARY_EVENT, charactersOf } from './canary.ts'
import { ownApi } from './http.ts'
import { HEARING_MILLISECONDS, legEvidence, listening, over } from './leg.ts'
import type { CanaryListener } from './listener.ts'
import { serverOptionFix } from './option-fix.ts'
import { BROADCAST_SCRIPT } from './scripts.ts'
import { isFinding, type LocalServer, localServer } from './server.ts'

/** What pusher.com and Reverb take, and apps therefore count on. */
const USUAL_BYTES = 10_240

const MEBIBYTE = 1024 * 1024
/** Of what a body may be larger than the data in it: quotes are escaped twice. */
const ESCAPED = 2

export const largestPayload: Check<Scene> = {
  id: 'delivery.payload-size',
  area: 'delivery',
  question: 'Does an event arrive that is as large as the server promises to take',
  needs: ['delivery.http', 'delivery.app-http', 'delivery.redis'],
  async run(scene, signal) {
    const facts = await scene.laravel()
    const local = await (facts === undefined ? localServer(scene) : serverOf(scene, facts))
    if (isFinding(local)) return local
    const { most, option } = local.eventBytes
    const wanted = Number(scene.options.eventBytes ?? Math.max(most, USUAL_BYTES))
    if (wanted > most) return tooSmall(scene, local, wanted)
    return listening(local, signal, async (listener) => {
      const isRedis = facts !== undefined && usedConnection(facts)?.driver === 'redis'
      if (isRedis) return intoRedis(facts, wanted, listener, signal)
      const api = (facts && appApi(facts, local)?.api) ?? publicApi(scene, local) ?? ownApi(local)
      const leg = await over(api, listener, signal, wanted)
      if (leg.heard !== undefined) {
        return ok(`An event of ${wanted} bytes (${option}) arrived by ${api.url}.`, {
          timings: leg.timings,
        })
      }
      const { trouble, timings, sent } = leg
      return {
        outcome: 'critical',
        summary: `An event of ${wanted} bytes, as the server would take it, does not come through.`,
        evidence: [legEvidence(api, leg)],
        cause: trouble?.cause ?? 'It is accepted, and does not arrive.',
        causeId: trouble?.causeId ?? 'not-heard',
        ...(trouble?.causeId === 'proxy-body-size' ? { fix: proxyFix(sent, wanted) } : {}),
        timings,
      }
    })
  },
}

/** By the address that browsers have, where it is named: it leads through the same proxy. */
function publicApi({ options }: Scene, { app, config }: LocalServer): Api | undefined {
  const { url } = options
  if (url === undefined) return undefined
  const { origin } = new URL(url.replace(/^ws/, 'http'))
  return { url: origin + config.pathPrefix, app, verify: false }
}

function tooSmall(scene: Scene, local: LocalServer, wanted: number): Finding {
  const { most, option } = local.eventBytes
  const isUsual = scene.options.eventBytes === undefined
  return {
    outcome: 'critical',
    summary: `The server takes at most ${most} bytes of data in an event (${option}).`,
    evidence: [`${wanted} bytes are ${isUsual ? 'what pusher.com and Reverb take' : 'asked for'}`],
    cause: 'A larger event is answered 413, and Laravel throws a BroadcastException.',
    causeId: 'limit-too-small',
    fix: serverOptionFix(scene, local, 'Allow larger events.', option, wanted),
  }
}

async function intoRedis(
  { directory }: LaravelFacts,
  wanted: number,
  listener: CanaryListener,
  signal: AbortSignal,
): Promise<Finding> {
  const told = await askPhp({
    directory,
    script: BROADCAST_SCRIPT,
    input: { channel: listener.channel, event: CANARY_EVENT, bytes: charactersOf(wanted) },
    signal,
  })
  if ('fault' in told) return { outcome: 'skip', summary: told.fault.message }
  const heard = await listener.hears(HEARING_MILLISECONDS, signal)
  if (heard !== undefined) return ok(`An event of ${wanted} bytes arrived through Redis.`)
  return {
    outcome: 'critical',
    summary: `An event of ${wanted} bytes, as the server would take it, does not come through Redis.`,
    causeId: 'not-heard',
  }
}

function proxyFix(sent: Sent, wanted: number): Fix {
  const isNginx = sent.answered && /nginx/i.test(sent.server + sent.body)
  const text = `Have the proxy take bodies of ${wanted * ESCAPED} bytes.`
  if (!isNginx) return { text }
  return {
    text,
    paste: `client_max_body_size ${Math.ceil((wanted * ESCAPED) / MEBIBYTE)}m;`,
    into: 'the server block of nginx, then nginx -s reload',
  }
}
