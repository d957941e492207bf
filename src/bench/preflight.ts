/**
 * A look before the load: whether the server is there and takes these credentials. A load test of
 * refusals would measure nothing, and say so a thousand times.
 */
import { Agent, request } from 'undici'
import { Secret } from '../../channels/secret.ts'
import { ResoundError } from '../errors.ts'
import { isNoTls, NO_TLS } from '../no-tls.ts'
import { appPath, signedPath } from '../protocol/signed-path.ts'
import { withoutPasswords } from '../redis/target.ts'
import type { ErrorCount } from './errors.ts'
import { Load } from './load.ts'
import { kindFor, type Plan, type Scenario, shapeOf } from './plan.ts'
import { RedisPublisher } from './redis-publisher.ts'
import { authorityOf, type Target, trustOf } from './target.ts'

const ANSWER_MILLISECONDS = 10_000
const ONE = { rate: 0, parallel: 1, seconds: 5 }
const ABSENCE = 'Start it, or correct --url or the configuration that names it.'
const DISTRUST =
  'Name it as its certificate does, and its authority with NODE_EXTRA_CA_CERTS if that is your own.'
const CREDENTIALS = 'Check --app-id, --key and --secret, or the configuration they come from.'

/**
 * Connects, subscribes where channels are guarded, and asks the HTTP API or Redis, each once.
 * @throws ResoundError RESOUND_SERVER_UNREACHABLE, _SERVER_REFUSED or _REDIS_UNREACHABLE
 */
export async function preflight(
  plan: Plan,
  scenarios: readonly Scenario[],
  signal: AbortSignal,
): Promise<void> {
  const guarded = scenarios
    .filter((scenario) => scenario !== 'connect')
    .find((scenario) => kindFor(scenario, plan) !== 'public')
  const scenario = guarded ?? scenarios[0] ?? 'connect'
  const one = {
    ...plan,
    scenario,
    connections: 1,
    channels: 1,
    name: `${plan.name}-look`,
    publishes: false,
    firstMember: 0,
  }
  const load = new Load([plan.target], shapeOf(one), signal)
  try {
    const connected = await load.connect(ONE)
    if (connected.happened === 0 && !signal.aborted)
      throw refusedConnect(plan.target, connected.errors[0])
    if (guarded !== undefined && !signal.aborted) {
      const subscribed = await load.subscribe(ONE)
      if (subscribed.happened === 0) throw refused('a signed subscription', subscribed.errors[0])
    }
  } finally {
    await load.close()
  }
  if (!scenarios.includes('publish') || signal.aborted) return
  if (plan.way === 'http' || plan.way === 'batch') await askApi(plan.target)
  if (plan.way === 'redis' && plan.redis !== undefined) await askRedis(plan.redis)
}

function refusedConnect(target: Target, error: ErrorCount | undefined): ResoundError {
  const kind = error?.kind ?? 'no answer'
  const isRefusal = /^(pusher:error|closed |upgrade )/.test(kind)
  if (isRefusal) return refused('a connection', error)
  return unreachable(target, kind)
}

function unreachable(target: Target, why: string, cause?: unknown): ResoundError {
  return new ResoundError(
    'RESOUND_SERVER_UNREACHABLE',
    `No server answers at ${authorityOf(target)}: ${isNoTls(why) ? NO_TLS : why}.`,
    { cause, remedy: /CERT|VERIFY/.test(why) ? DISTRUST : ABSENCE },
  )
}

function refused(what: string, error: ErrorCount | undefined): ResoundError {
  const { kind = 'no answer', sample = '' } = error ?? {}
  const said = sample === '' ? kind : `${kind}: ${sample}`
  return new ResoundError('RESOUND_SERVER_REFUSED', `The server refuses ${what} (${said}).`, {
    remedy: CREDENTIALS,
  })
}

/** Whether the HTTP API takes a signature of this app; every server of the protocol lists channels. */
async function askApi(target: Target): Promise<void> {
  const signer = { key: target.key, secret: new Secret(target.secret) }
  const path = signedPath('GET', appPath(target.appId, 'channels'), '', signer)
  const origin = `${target.isSecure ? 'https' : 'http'}://${authorityOf(target)}`
  const dispatcher = new Agent({ connect: trustOf(target) })
  const answer = await request(`${origin}${target.pathPrefix}${path}`, {
    headersTimeout: ANSWER_MILLISECONDS,
    bodyTimeout: ANSWER_MILLISECONDS,
    dispatcher,
  }).catch((error: Error) => {
    throw unreachable(target, error.message, error)
  })
  const sample = (await answer.body.text()).slice(0, 200)
  await dispatcher.close()
  const kind = `HTTP ${answer.statusCode}`
  if (answer.statusCode !== 200)
    throw refused('a request to its HTTP API', { kind, sample, count: 1 })
}

async function askRedis({ target, prefix }: NonNullable<Plan['redis']>): Promise<void> {
  const publisher = await RedisPublisher.connect(target, prefix).catch((error: Error) => {
    const reason = withoutPasswords(error.message, target)
    throw new ResoundError('RESOUND_REDIS_UNREACHABLE', `Redis does not answer: ${reason}.`, {
      cause: error,
    })
  })
  await publisher.close()
}
