/**
 * Why the app refuses who asks: by which of its layers, as far as its answer and its routes tell.
 */
import { nearest } from '../../config/nearest.ts'
import type { Finding, Fix } from '../check.ts'
import type { AuthRoute, LaravelFacts } from '../laravel/facts.ts'
import { type AskedChannel, patternFor } from './channel.ts'
import type { Exchange, Trial } from './exchange.ts'
import { asked } from './exchange-check.ts'
import { described } from './identity.ts'
import { type Answer, shown } from './request.ts'

/** @param answer neither 200, nor one that is broken for everybody */
export function refusal(exchange: Exchange, trial: Trial, answer: Answer): Finding {
  const { identity, known, channel } = trial
  const route = routeOf(exchange)
  const evidence = [
    asked(exchange),
    `${described(identity)} for ${channel.name}`,
    `answer ${shown(answer)}`,
    ...(route === undefined ? [] : [`middleware of ${route.path}: ${route.middleware.join(', ')}`]),
    ...(known === undefined ? [] : [knownText(known)]),
  ]
  const found = (summary: string, causeId: string, more: Partial<Finding>): Finding => ({
    outcome: 'critical',
    summary,
    evidence,
    causeId,
    ...more,
  })
  if (answer.status === 419) return csrf(exchange, trial, found)
  if (answer.status === 400 || answer.status === 422) {
    return found(
      `The app takes this for no request of this kind (${answer.status}).`,
      'invalid',
      {},
    )
  }
  const isUnknown = known !== undefined && Object.keys(known).length === 0
  const isLogin = answer.status === 401 || (answer.status >= 300 && answer.status < 400)
  if (identity.kind === 'guest') return nobodyAsked(evidence, answer)
  if (isLogin || isUnknown) {
    return (
      (isUnknown ? undefined : otherGuard(exchange, trial, route, found)) ??
      notLoggedIn(trial, answer, found)
    )
  }
  return denied(exchange, trial, found)
}

type Found = (summary: string, causeId: string, more: Partial<Finding>) => Finding

const routeOf = ({ facts, endpoint, app }: Exchange): AuthRoute | undefined => {
  const path = endpoint.isBridge ? app.laravel.authPath : new URL(endpoint.url).pathname
  return facts?.app.routes.find((route) => route.path === path)
}

function knownText(known: Readonly<Record<string, string>>): string {
  const users = Object.entries(known).map(([guard, id]) => `user ${id} (guard ${guard})`)
  return users.length === 0 ? 'the app knows nobody by it' : `the app knows it as ${users.join()}`
}

/** Nothing is wrong yet: it was not said who asks. */
const nobodyAsked = (evidence: readonly string[], { status }: Answer): Finding => ({
  outcome: 'unknown',
  summary: `The app refuses a guest (${status}), and it was not said who asks.`,
  evidence,
  causeId: 'no-identity',
  fix: {
    text: "Say who asks: --cookie with a browser's Cookie header, --token, --login, or --as-user ID with --laravel.",
  },
})

function csrf({ endpoint, facts }: Exchange, { identity }: Trial, found: Found): Finding {
  const path = new URL(endpoint.url).pathname.replace(/^\//, '')
  const isSent = identity.kind === 'session' && identity.csrf !== undefined
  const major = majorOf(facts)
  return found('The app refuses the request for its CSRF token (419).', 'csrf', {
    cause: isSent
      ? "The page's token does not belong to the session that the cookie names."
      : 'The page sends no token: it has no <meta name="csrf-token">, from which Echo takes it.',
    fix: {
      text: 'Except the endpoint, which is signed for one connection, from the CSRF check (or put the meta tag into the page).',
      paste:
        major >= 11
          ? `$middleware->validateCsrfTokens(except: ['${path}']);`
          : `protected $except = ['${path}'];`,
      into:
        major >= 11
          ? 'bootstrap/app.php, in ->withMiddleware('
          : 'app/Http/Middleware/VerifyCsrfToken.php',
    },
  })
}

/** Since Laravel 11 what withRouting makes of `channels:` comes after the providers, and counts. */
function routesFix({ facts }: Exchange, text: string, middleware: string): Fix {
  return majorOf(facts) >= 11
    ? {
        text: `${text} It takes the place of channels: in withRouting, or of withBroadcasting.`,
        paste: `->withBroadcasting(__DIR__.'/../routes/channels.php', ['middleware' => ['${middleware}']])`,
        into: 'bootstrap/app.php, after ->withRouting(...)',
      }
    : {
        text: `${text} It takes the place of the app's own Broadcast::routes().`,
        paste: `Broadcast::routes(['middleware' => ['${middleware}']]);`,
        into: 'app/Providers/BroadcastServiceProvider.php, in boot()',
      }
}

const majorOf = (facts: LaravelFacts | undefined): number =>
  Number.parseInt(facts?.app.version ?? '11', 10)

/** Logged in, but not by what the route asks for. */
function otherGuard(
  exchange: Exchange,
  { identity }: Trial,
  route: AuthRoute | undefined,
  found: Found,
): Finding | undefined {
  if (route === undefined) return undefined
  const guards = route.middleware.filter((name) => /^auth(:|$)/.test(name))
  if (identity.kind === 'session' && !route.startsSession && guards.length > 0) {
    return found(
      `${route.path} takes tokens, and the page sends a session's cookie.`,
      'wrong-guard',
      {
        cause: `Its middleware is ${route.middleware.join(', ')}: no session is started there.`,
        fix: routesFix(
          exchange,
          'Ask the endpoint for sessions, or authorise channels by them.',
          'web',
        ),
      },
    )
  }
  if (identity.kind === 'token' && !guards.some((name) => /sanctum|api|token/.test(name))) {
    return found(`${route.path} takes sessions, and the client sends a token.`, 'wrong-guard', {
      cause: `Its middleware is ${route.middleware.join(', ')}: no guard for tokens.`,
      fix: routesFix(exchange, 'Authorise channels with the guard of the tokens.', 'auth:sanctum'),
    })
  }
  return undefined
}

function notLoggedIn({ identity }: Trial, { status }: Answer, found: Found): Finding {
  const what = identity.kind === 'token' ? 'The token is' : 'The session is'
  return found(`Nobody is logged in for the app (${status}).`, 'not-logged-in', {
    cause: `${what} not known to the app any more: it ended, or is of another app or APP_KEY.`,
    fix: {
      text:
        identity.kind === 'token'
          ? 'Take a token that is valid.'
          : "Log in anew and take the Cookie header from there; where pages and endpoint differ in host, see SESSION_DOMAIN in the app's .env.",
    },
  })
}

/** 403 for somebody who is logged in, or who may be. */
function denied(exchange: Exchange, trial: Trial, found: Found): Finding {
  const { channel, known, identity } = trial
  const { facts } = exchange
  const route = routeOf(exchange)
  if (facts === undefined || facts.app.channels.length === 0) {
    return found('The app refuses this user (403).', 'denied', {
      cause:
        'No callback in routes/channels.php lets this user in, or nobody is logged in: with --laravel DIR, it is told which.',
    })
  }
  const guard = known === undefined ? undefined : otherGuard(exchange, trial, route, found)
  if (guard !== undefined && identity.kind === 'token') return guard
  const pattern = patternFor(facts, channel)
  if (pattern === undefined) return noPattern(exchange, trial, found)
  const guards = pattern.guards.filter((name) => name !== '')
  if (guards.length > 0 && known !== undefined && !guards.some((name) => name in known)) {
    return found(`The channel is for users of the guard ${guards.join(', ')}.`, 'wrong-guard', {
      cause: `Its callback (${pattern.where}) names that guard, and this user is of another one.`,
      fix: { text: 'Let the callback name the guard by which users of these pages log in.' },
    })
  }
  return found(
    `The callback of ${pattern.pattern} does not let this user in.`,
    'callback-refused',
    {
      cause: `It returned false or null, or found no model for the name (${pattern.where}).`,
      fix: {
        text: `Look at ${pattern.where}: with ===, an id from the channel's name is text until it is cast (int).`,
      },
    },
  )
}

function noPattern({ facts }: Exchange, { channel }: Trial, found: Found): Finding {
  const patterns = (facts?.app.channels ?? []).map(({ pattern }) => pattern)
  const meant = nearestPattern(channel.bare, patterns)
  const isCache = channel.bare.startsWith('cache-')
  return found(`No channel of the app is called ${channel.bare}.`, 'no-channel', {
    cause: isCache
      ? 'Laravel does not take cache- away from a name: its pattern has to begin with it.'
      : `routes/channels.php has ${patterns.slice(0, MOST_PATTERNS).join(', ')}; a {part} of a name has no dot in it.`,
    fix:
      meant === undefined
        ? newChannel(channel)
        : { text: `Let the page subscribe to ${meant}, if that is meant, or add the channel.` },
  })
}

const MOST_PATTERNS = 10

/** The pattern that begins nearly like a name. */
function nearestPattern(name: string, patterns: readonly string[]): string | undefined {
  const beginning = (text: string): string => text.split('.', 1)[0] ?? ''
  const meant = nearest(beginning(name), patterns.map(beginning))
  return patterns.find((pattern) => beginning(pattern) === meant)
}

/** A callback to begin with, which lets in as few as can be told from the name. */
function newChannel({ bare, kind }: AskedChannel): Fix {
  const pattern = bare.replace(/\.\d+$/, '.{id}')
  const isOfUser = pattern !== bare
  const member = "['id' => $user->id, 'name' => $user->name]"
  const user = isOfUser ? '(int) $user->id === (int) $id' : 'true'
  const returned = kind !== 'presence' ? user : isOfUser ? `${user} ? ${member} : false` : member
  return {
    text: `Add the channel. This lets in ${isOfUser ? 'the user of that id alone' : 'everybody who is logged in'}: decide who may.`,
    paste: `Broadcast::channel('${pattern}', fn ($user${isOfUser ? ', $id' : ''}) => ${returned});`,
    into: 'routes/channels.php',
  }
}
