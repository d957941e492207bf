/**
 * Answers that say nothing about who asks: whoever it is, this endpoint lets nobody in.
 */
import { join } from 'node:path'
import type { Finding, Fix } from '../check.ts'
import { namesMasterKey, noMasterKey } from '../config/driver.ts'
import { type AuthRoute, type LaravelFacts, usedConnection } from '../laravel/facts.ts'
import { NOT_ASKED } from './as-user.ts'
import { thrownIn } from './exception.ts'
import type { Exchange, Trial } from './exchange.ts'
import { asked } from './exchange-check.ts'
import { type Answer, type Asked, shown } from './request.ts'
import { noiseIn } from './signed.ts'

/** What is wrong with it; undefined for an answer that is about the one who asks. */
export async function brokenAnswer(
  exchange: Exchange,
  outcome: Asked,
  trial: Trial | undefined,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  if (!outcome.isAnswered) return unanswered(exchange, outcome)
  const { answer } = outcome
  const { status, headers } = answer
  const evidence = [asked(exchange), `answer ${shown(answer)}`]
  const found = (summary: string, causeId: string, more: Partial<Finding> = {}): Finding => ({
    outcome: 'critical',
    summary,
    evidence,
    causeId,
    ...more,
  })
  if (status === 404 || status === 405) return noRoute(exchange, found)
  const { location } = headers
  if (status >= 300 && status < 400 && location !== undefined) {
    return moved(exchange, location, found)
  }
  if (status === 429) {
    return found('The app limits how often it is asked (429).', 'throttled', {
      fix: { text: 'Raise the limit of the throttle middleware on this route.' },
    })
  }
  if (status === 503) {
    return found('The app is down for maintenance, or overloaded (503).', 'maintenance')
  }
  if (status >= 500) {
    const thrown = await thrownIn(exchange, answer, trial, signal)
    if (thrown !== undefined && namesMasterKey(thrown)) return noMasterKey([...evidence, thrown])
    return found(`The app fails where it authorises (${status}).`, 'exception', {
      evidence: [...evidence, ...(thrown === undefined ? [] : [`thrown: ${thrown}`])],
      ...(thrown === undefined ? { cause: "What was thrown is in the app's own log." } : {}),
      fix: { text: 'Correct what was thrown; storage/logs/laravel.log has it whole.' },
    })
  }
  return status === 200 ? unusable(exchange, answer, found) : undefined
}

type Found = (summary: string, causeId: string, more?: Partial<Finding>) => Finding

function unanswered(
  exchange: Exchange,
  { code, message }: { readonly code: string; readonly message: string },
): Finding {
  const evidence = [asked(exchange), `no answer: ${code} ${message}`]
  const outcome = 'critical'
  if (code === NOT_ASKED) {
    const summary = 'The app could not be asked as that user.'
    return { outcome: 'unknown', summary, evidence: [message], causeId: NOT_ASKED }
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME|DEPTH_ZERO/.test(code)) {
    const summary = "The app's certificate is not accepted."
    return { outcome, summary, evidence, causeId: 'app-certificate' }
  }
  if (/^(?:TimeoutError|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/.test(code)) {
    return {
      outcome,
      summary: 'The app takes the request where pages ask it, and does not answer in time.',
      evidence,
      cause:
        'A worker of PHP is blocked: the callback of the channel waits for something; php artisan serve has one process and the app calls itself; or there are too few workers, all busy.',
      causeId: 'app-no-answer',
      fix: {
        text: 'See what the app waits for (routes/channels.php, its middleware); for development, give php artisan serve more processes; in production, raise pm.max_children of PHP-FPM.',
        paste: 'PHP_CLI_SERVER_WORKERS=4 php artisan serve --no-reload',
        into: 'shell',
      },
    }
  }
  return {
    outcome,
    summary: 'The app cannot be reached where pages ask it.',
    evidence,
    cause: 'Its address is another one (APP_URL), or its web server does not run.',
    causeId: 'app-unreachable',
    fix: { text: "Start the app's web server, or set APP_URL to the address where pages are." },
  }
}

function noRoute({ facts, endpoint, usesToken }: Exchange, found: Found): Finding {
  const fits = ({ startsSession }: AuthRoute): boolean => startsSession !== usesToken
  const paths = (facts?.app.routes ?? [])
    .filter(({ isUserAuth }) => !isUserAuth)
    // The one first that fits what the client has.
    .sort((one, other) => Number(fits(other)) - Number(fits(one)))
  const [other] = paths.filter(({ path }) => path !== new URL(endpoint.url).pathname)
  const fix: Fix =
    other === undefined
      ? { text: 'Have the app call Broadcast::routes(), or name its own endpoint to Echo.' }
      : {
          text: "Name the endpoint in Echo's options, and build again: npm run build.",
          paste: `authEndpoint: '${other.path}',`,
          into: "Echo's options",
        }
  return found('Nothing answers at the endpoint that pages ask.', 'wrong-endpoint', {
    cause:
      other === undefined
        ? 'The app has no route there.'
        : `The app authorises at ${paths.map(({ path }) => path).join(', ')}.`,
    fix,
  })
}

/** To the same path is to another address of the app; anywhere else is a login page, or the like. */
function moved({ endpoint, facts }: Exchange, location: string, found: Found): Finding | undefined {
  const from = new URL(endpoint.url)
  if (!URL.canParse(location, from.href)) return undefined
  const to = new URL(location, from)
  if (to.pathname !== from.pathname) return undefined
  const isTls = from.protocol === 'http:' && to.protocol === 'https:'
  return found(
    `The app redirects to ${to.origin}, and a browser asks there again with GET.`,
    isTls ? 'redirect-to-https' : 'redirect-to-host',
    {
      cause: `Pages are at ${to.origin}, and APP_URL or the endpoint says ${from.origin}.`,
      fix: {
        text: "Set the address where pages really are in the app's .env.",
        paste: `APP_URL=${to.origin}`,
        into: envOf(facts),
      },
    },
  )
}

const driverFix = (facts: LaravelFacts | undefined): Fix => ({
  text: "Set the driver in the app's .env (BROADCAST_DRIVER before Laravel 11).",
  paste: 'BROADCAST_CONNECTION=reverb',
  into: envOf(facts),
})

const envOf = (facts: LaravelFacts | undefined): string =>
  facts === undefined ? '.env of the app' : join(facts.directory, '.env')

function unusable({ facts, app }: Exchange, { body }: Answer, found: Found): Finding | undefined {
  const text = body.trim()
  if (text === '') {
    const driver = facts === undefined ? undefined : usedConnection(facts)?.driver
    return found('The app answers with nothing.', 'empty-answer', {
      cause: `So do the log and null drivers${driver === undefined ? '' : `; this app has ${driver}`}.`,
      fix: driverFix(facts),
    })
  }
  const noise = noiseIn(body)
  if (noise !== undefined) {
    return found('The app prints something around its answer, which is no JSON then.', 'noise', {
      cause: `A warning, a dump, or text outside of PHP: ${JSON.stringify(
        noise
          .replaceAll(/<[^>]*>/g, '')
          .trim()
          .slice(0, 150),
      )}`,
      fix: { text: 'Take it out of the app; in production, display_errors is off.' },
    })
  }
  if (text.startsWith('<')) {
    return found('A page answers, and no authorisation.', 'html-answer', {
      cause: 'Another app is there, or a route that answers every path (a single-page app).',
      fix: { text: 'Correct the endpoint, or APP_URL, or put Broadcast::routes() first.' },
    })
  }
  if (text === 'true' || /^\{"channel_data":\{/.test(text)) {
    return found('The app lets the user in without a signature.', 'redis-without-bridge', {
      cause: 'Its redis driver signs nothing, and pages do not ask the bridge of this server.',
      fix: {
        text: `Let pages ask the bridge (docs/bridge.md)${app.laravel.authUrl === undefined ? ', and set laravel.authUrl here' : ''}.`,
        paste: `authEndpoint: '/apps/${app.id}/auth',`,
        into: "Echo's options",
      },
    })
  }
  if (!/"auth"/.test(text)) {
    return found('What is answered is no authorisation.', 'no-auth', {
      cause: 'Another route, or another app, answers at this path.',
    })
  }
  return undefined
}
