/**
 * What to change in the app so that its events arrive.
 *
 * Where the address is wrong, those that may be meant are tried, and the first one by which an event
 * arrives is the fix.
 */
import { describeOrigin } from '../../config/setting.ts'
import type { Finding, Fix } from '../check.ts'
import type { LaravelFacts } from '../laravel/facts.ts'
import type { Scene } from '../scene.ts'
import { proxyOf } from '../way-in/proxy-name.ts'
import type { Api } from './api.ts'
import { type AppApi, addressOf, envFix } from './app-api.ts'
import { isDelivered, type Leg, legEvidence, over } from './leg.ts'
import type { CanaryListener } from './listener.ts'
import { SYNCHRONISE } from './refusal.ts'
import type { LocalServer } from './server.ts'

export interface Way {
  readonly scene: Scene
  readonly facts: LaravelFacts
  readonly local: LocalServer
  readonly app: AppApi
  readonly listener: CanaryListener
  readonly signal: AbortSignal
}

type Told = Omit<Finding, 'outcome'>
type Address = { readonly host: string; readonly port: string; readonly scheme: string }

/** One that does not lead here may not answer at all. */
const TRY_MILLISECONDS = 1500

/** Why an event that was sent as the app would did not arrive. */
export async function mended(way: Way & { readonly api: Api }, leg: Leg): Promise<Told> {
  const { api, local } = way
  const evidence = [legEvidence(api, leg), `this server listens at ${local.url}`]
  const { trouble } = leg
  if (trouble === undefined) {
    return {
      summary: `Whoever answers at ${api.url} takes the event, and it does not arrive here.`,
      evidence,
      cause: 'Another server with the same credentials answers there.',
      causeId: 'other-server',
      ...(await addressFix(way)),
    }
  }
  const { causeId, cause, isAddress } = trouble
  const told = { evidence, cause, causeId }
  if (isAddress) {
    const summary = `${api.url}, where the app sends its events, does not lead to this server.`
    return { summary, ...told, ...(await addressFix(way)) }
  }
  const by = leg.sent.answered ? proxyOf({ rawHeaders: ['server', leg.sent.server] }) : undefined
  const through = by === undefined ? '' : `, behind ${by},`
  const summary = `An event sent to ${api.url}${through} as the app would is not taken.`
  if (causeId === 'wrong-secret' && isSecretRight(way)) {
    const cause = 'The secret is right, so something on the way changes the path or the query.'
    return { summary, evidence, cause, causeId: 'path-rewritten', fix: UNTOUCHED }
  }
  const fix = credentialFix(causeId, way)
  return { summary, ...told, ...(fix === undefined ? {} : { fix }) }
}

/** The lines that lead here. */
export async function addressFix(way: Way): Promise<{ readonly fix: Fix }> {
  const { facts, local, app } = way
  const { names, connection } = app
  const found = await firstThatDelivers(way)
  if (found === undefined) {
    const variables = `${names}_HOST, ${names}_PORT and ${names}_SCHEME`
    return { fix: envFix(facts, `Set ${variables} so that they lead to ${local.url}.`, []) }
  }
  const { host, port, scheme } = connection
  const lines = [
    ...(found.host === host ? [] : [`${names}_HOST=${found.host}`]),
    ...(found.port === port ? [] : [`${names}_PORT=${found.port}`]),
    ...(found.scheme === scheme ? [] : [`${names}_SCHEME=${found.scheme}`]),
  ]
  return { fix: envFix(facts, `Send events to ${addressOf(found)}: by that one arrives.`, lines) }
}

async function firstThatDelivers(way: Way): Promise<Address | undefined> {
  const { local, listener, signal } = way
  for (const address of addressesTried(way)) {
    const url = addressOf({ ...address, path: local.config.pathPrefix })
    const soon = AbortSignal.any([signal, AbortSignal.timeout(TRY_MILLISECONDS)])
    const leg = await over({ url, app: local.app, verify: true }, listener, soon)
    if (isDelivered(leg)) return address
  }
  return undefined
}

/** What may be meant, the least change first. */
function addressesTried({ scene, local, app }: Way): readonly Address[] {
  const { host, port = '443', scheme } = app.connection
  const own = addressIn(local.url)
  const { url } = scene.options
  const given = url === undefined ? [] : [addressIn(url)]
  if (host === undefined) return [...given, own]
  const otherScheme = scheme === 'https' ? 'http' : 'https'
  return [
    { ...own, host },
    { host, port, scheme: otherScheme },
    ...given,
    { host, port: '443', scheme: 'https' },
    own,
  ]
}

function addressIn(url: string): Address {
  const { hostname: host, protocol, port } = new URL(url)
  const scheme = /^(https|wss):/.test(protocol) ? 'https' : 'http'
  return { host, scheme, port: port === '' ? (scheme === 'https' ? '443' : '80') : port }
}

function isSecretRight({ api, local }: Way & { readonly api: Api }): boolean {
  return [local.app.secret, local.app.previousSecret].includes(api.app.secret)
}

const UNTOUCHED: Fix = {
  text: 'Have the proxy pass path, query and body on as they come (nginx: proxy_pass without a path).',
}

function credentialFix(causeId: string, way: Way): Fix | undefined {
  const { facts, app, local } = way
  const { names, connection } = app
  const { id, key } = local.app
  const idLine = `${names}_APP_ID=${id}`
  const keyLine = `${names}_APP_KEY=${key}`
  switch (causeId) {
    case 'wrong-app-id':
      return connection.key === key
        ? envFix(facts, 'Name the app by the id that it has here.', [idLine])
        : envFix(facts, secretText(way), [idLine, keyLine])
    case 'wrong-key':
      return envFix(facts, `Use the key of app ${id}.`, [keyLine])
    case 'wrong-secret':
      return envFix(facts, secretText(way), [])
    case 'path-prefix':
      return {
        text: `Name the path in the options of the connection ${facts.app.default}.`,
        paste: `'path' => '${local.config.pathPrefix}',`,
        into: 'config/broadcasting.php',
      }
    case 'query-stripped':
      return QUERY_KEPT
    case 'body-changed':
      return UNTOUCHED
    default:
      return FIXES[causeId]
  }
}

const QUERY_KEPT: Fix = {
  text: 'Have the proxy pass the query on as well, then reload it (nginx: proxy_pass without a path, and no rewrite that ends with ?).',
}

const FIXES: Readonly<Record<string, Fix>> = {
  'clock-skew': SYNCHRONISE,
  'app-disabled': { text: 'Enable the app (apps[].enabled), then resound reload.' },
  certificate: {
    text: 'Use the name that the certificate is for, and serve the whole chain (tls.cert).',
  },
  'proxy-http-version': {
    text: 'Have the proxy speak HTTP/1.1 (nginx takes 1.0 unless told so), and reload it.',
    paste: 'proxy_http_version 1.1;',
    into: 'the location blocks of nginx that lead here',
  },
  'proxy-rate-limit': {
    text: 'Leave the path /apps/ out of what limits requests (nginx: no limit_req in that location), or raise the limit for the address of the app.',
  },
  'proxy-upstream': { text: 'Have the proxy pass to the address at which this server listens.' },
}

function secretText({ scene, local, app }: Way): string {
  const { reading } = scene
  const index = local.config.apps.indexOf(local.app)
  const where = reading.valid ? describeOrigin(reading.originOf(['apps', index, 'secret'])) : ''
  return `Copy the secret of app ${local.app.id} (${where}) to ${app.names}_APP_SECRET.`
}
