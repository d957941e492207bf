/**
 * `delivery.webhooks`: whether the app's webhooks take what they are sent, and what was given up.
 *
 * Each is sent a request without events, signed as all are: a receiver has nothing to do with it.
 */
import { z } from 'zod'
import { App } from '../../apps/app.ts'
import { Outward } from '../../outward/outward.ts'
import { deliver } from '../../webhooks/deliver.ts'
import { type Endpoint, endpointsOf } from '../../webhooks/endpoint.ts'
import { type Check, type Finding, type Fix, ok, skip } from '../check.ts'
import { ownCommand } from '../own-command.ts'
import type { Scene } from '../scene.ts'
import { isFinding, localServer } from './server.ts'

const TIMEOUT_MILLISECONDS = 5000
const ANSWER_BYTES = 64 * 1024
const CONNECTIONS = 4
const MOST_FAILURES = 100
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000

const Failures = z.object({
  failures: z.array(z.object({ webhook: z.string(), reason: z.string(), givenUpAt: z.string() })),
})

interface Answer {
  readonly endpoint: Endpoint
  /** Why it does not take it, if so: as the server counts it. */
  readonly reason: string | undefined
}

interface Known {
  readonly reason: RegExp
  readonly causeId: string
  readonly cause: string
  readonly fix: Fix
}

const KNOWN: readonly Known[] = [
  {
    reason: /^status 419$/,
    causeId: 'webhook-csrf',
    cause: 'Laravel asks for a CSRF token, which only forms of the app have.',
    fix: {
      text: 'Except the path of the webhook in withMiddleware (before Laravel 11: VerifyCsrfToken).',
      paste: "$middleware->validateCsrfTokens(except: ['{path}']);",
      into: 'bootstrap/app.php',
    },
  },
  {
    reason: /^status 404$/,
    causeId: 'webhook-not-found',
    cause: 'The app has no route there.',
    fix: { text: 'Correct the URL of the webhook (apps[].webhooks[].url), or add the route.' },
  },
  {
    reason: /^status 405$/,
    causeId: 'webhook-method',
    cause: 'The route there takes no POST.',
    fix: { text: 'Make it a POST route: Route::post.' },
  },
  {
    reason: /^status 40[13]$/,
    causeId: 'webhook-refused',
    cause: 'The app does not accept the signature, or wants a login.',
    fix: { text: 'Verify X-Pusher-Signature with the secret that the server has for this app.' },
  },
  {
    reason: /^status 3/,
    causeId: 'webhook-redirected',
    cause: 'It is answered with a redirect, which is not followed.',
    fix: { text: 'Name the address that it leads to (apps[].webhooks[].url).' },
  },
  {
    reason: /^status/,
    causeId: 'webhook-failing',
    cause: 'The app fails where it takes webhooks.',
    fix: { text: 'Look into the log of the app: storage/logs/laravel.log.' },
  },
  {
    reason: /^too-large$/,
    causeId: 'webhook-answer',
    cause: 'Its answer is larger than is read, as an error page of Laravel in debug mode is.',
    fix: { text: 'Look into the log of the app: storage/logs/laravel.log.' },
  },
  {
    reason: /^private-address$/,
    causeId: 'webhook-private-address',
    cause: 'Its address is in a private network, which webhooks have to be allowed.',
    fix: {
      text: 'Allow it, if it is yours. Then: resound reload.',
      paste: '"allowPrivateAddress": true',
      into: 'apps[].webhooks[]',
    },
  },
  {
    reason: /^tls$/,
    causeId: 'webhook-certificate',
    cause: 'Its certificate is not accepted.',
    fix: { text: 'Serve a valid certificate with its whole chain.' },
  },
  {
    reason: /./,
    causeId: 'webhook-unreachable',
    cause: 'No answer comes from there.',
    fix: {
      text: 'Correct the URL of the webhook (apps[].webhooks[].url), or start what is there.',
    },
  },
]

export const webhooksTake: Check<Scene> = {
  id: 'delivery.webhooks',
  area: 'delivery',
  question: "Do the app's webhooks take what they are sent",
  async run(scene, signal) {
    const local = await localServer(scene)
    if (isFinding(local)) return local
    const { app, config } = local
    const endpoints = endpointsOf(new App(app, config.limits))
    if (endpoints.length === 0) return skip(`App ${app.id} has no webhooks.`)
    const answers = await ask(endpoints, signal)
    const server = await scene.server()
    const path = `/webhooks/failures?app=${app.id}&limit=${MOST_FAILURES}`
    const kept = Failures.parse(await server?.ask('GET', path))
    const recent = kept.failures.filter(
      ({ givenUpAt }) => Date.parse(givenUpAt) > Date.now() - DAY_MILLISECONDS,
    )
    const evidence = [
      ...answers.map(({ endpoint, reason }) => `${endpoint.label}: ${reason ?? 'takes it'}`),
      `${recent.length} requests were given up within a day`,
    ]
    const refusing = answers.find(({ reason }) => reason !== undefined)
    if (refusing !== undefined) return refused(refusing, evidence)
    if (recent.length > 0) return givenUp(scene, recent.length, evidence)
    return ok(`${answers.length} of ${answers.length} webhooks take what they are sent.`, {
      evidence,
    })
  },
}

async function ask(
  endpoints: readonly Endpoint[],
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  const way = (allowPrivateAddress: boolean) =>
    new Outward({
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
      answerBytes: ANSWER_BYTES,
      allowPrivateAddress,
      connections: CONNECTIONS,
    })
  const ways = { guarded: way(false), unguarded: way(true) }
  const close = (): void => void Promise.all([ways.guarded.close(), ways.unguarded.close()])
  signal.addEventListener('abort', close)
  try {
    const now = Date.now()
    const nothing = { events: 0, time: now, queuedAt: now, text: '' }
    return await Promise.all(
      endpoints.map(async (endpoint) => {
        const delivery = await deliver(endpoint, nothing, ways)
        return { endpoint, reason: delivery.ok ? undefined : delivery.reason }
      }),
    )
  } finally {
    signal.removeEventListener('abort', close)
    await Promise.all([ways.guarded.close(), ways.unguarded.close()])
  }
}

function refused({ endpoint, reason = '' }: Answer, evidence: readonly string[]): Finding {
  const known = KNOWN.find((one) => one.reason.test(reason))
  const { label } = endpoint
  const summary = `The webhook ${label} does not take what it is sent: ${reason}.`
  if (known === undefined) return { outcome: 'critical', summary, evidence }
  const { causeId, cause, fix } = known
  const paste = fix.paste?.replace('{path}', new URL(label).pathname.slice(1))
  return {
    outcome: 'critical',
    summary,
    evidence,
    cause,
    causeId,
    fix: paste === undefined ? fix : { ...fix, paste },
  }
}

function givenUp(scene: Scene, count: number, evidence: readonly string[]): Finding {
  return {
    outcome: 'warning',
    summary: `The webhooks take requests, and ${count} were given up within a day.`,
    evidence,
    causeId: 'webhooks-given-up',
    fix: {
      text: 'Send them again.',
      paste: ownCommand(scene, 'webhooks replay'),
      into: 'shell',
    },
  }
}
