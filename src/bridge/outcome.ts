/**
 * Everything that can become of a request to the bridge: what the page is told, and what is logged.
 *
 * The page gets a Laravel developer's cause and remedy: pusher-js hands the status and this text to
 * `pusher:subscription_error`. What only the operator may know (addresses, reasons) stays in the log.
 */

interface Failure {
  /** HTTP status for the page. Laravel's own where it refused, 50x where it could not be asked. */
  readonly status: number
  readonly error: string
  /** Message of the log line; undefined where counting is enough. */
  readonly log?: string
  /** Nobody's mistake, such as a guest who may not enter. */
  readonly isOrdinary?: true
}

const failures = <Name extends string>(table: Record<Name, Failure>): Record<Name, Failure> => table

/** By the name that the metrics give them. */
export const FAILURES = failures({
  // What the bridge does not even ask about.
  off: {
    status: 404,
    error:
      'This app has no authorisation bridge. Set its laravel.authUrl to the base URL of the Laravel app.',
  },
  method: { status: 405, error: 'Use POST for this path.' },
  origin: { status: 403, error: "This page's origin is not in the app's allowedOrigins." },
  invalid: { status: 400, error: 'The request is not one of a Pusher client.' },
  channel: { status: 403, error: 'This channel cannot be authorised.' },
  socket: {
    status: 403,
    error: 'No open connection of this app has this socket_id. Connect first, and ask again.',
  },
  loop: {
    status: 508,
    error:
      'This request was sent by a Resound: laravel.authUrl leads back here. It has to reach the Laravel app itself.',
    log: 'the authorisation bridge is asked by a Resound: authUrl leads back to it',
  },
  busy: {
    status: 503,
    error:
      'Laravel is being asked as much as it may be at once (laravel.authConcurrency). Try again.',
    log: 'the authorisation bridge is at its authConcurrency, and its line is full',
  },
  gone: { status: 499, error: 'The client is gone.' },

  // No answer.
  unreachable: {
    status: 502,
    error: 'The Laravel app cannot be reached. Start it, or correct laravel.authUrl.',
    log: 'the Laravel app cannot be reached at authUrl',
  },
  tls: {
    status: 502,
    error:
      "The Laravel app's certificate is not accepted. Correct it, or let laravel.authUrl name an address that it is for.",
    log: 'the certificate of the Laravel app at authUrl is not accepted',
  },
  timeout: {
    status: 504,
    error:
      'The Laravel app did not answer in time (laravel.authTimeoutSeconds). Its callbacks in routes/channels.php may be slow, or its workers all busy.',
    log: 'the Laravel app did not answer in authTimeoutSeconds',
  },
  too_large: {
    status: 502,
    error: 'The Laravel app answered with more than 64 KB. That is no authorisation.',
    log: 'the Laravel app answered with more than 64 KB',
  },

  // Refusals of Laravel.
  unauthenticated: {
    status: 401,
    error:
      "Laravel says that nobody is logged in (401). The page has to send the session's cookie from its own origin, or a bearer token in auth.headers.",
    log: 'Laravel says that nobody is logged in (401)',
    isOrdinary: true,
  },
  login: {
    status: 401,
    error:
      "Laravel sends the page elsewhere, as it does when nobody is logged in. The page has to send the session's cookie from its own origin, or a bearer token in auth.headers.",
    log: 'Laravel redirects to another page, as for a login',
    isOrdinary: true,
  },
  denied: {
    status: 403,
    error:
      'Laravel refuses this (403): nobody is logged in, or no callback in routes/channels.php lets this user in; to sign in, resolveAuthenticatedUserUsing names nobody.',
    log: 'Laravel refuses this (403)',
    isOrdinary: true,
  },
  expired: {
    status: 419,
    error:
      "Laravel refuses the CSRF token (419). Send the page's token as X-CSRF-TOKEN, or except the path from the check.",
    log: 'Laravel refuses the CSRF token (419)',
  },
  throttled: {
    status: 429,
    error: 'Laravel limits how often it is asked (429). Raise its rate limit for this route.',
    log: 'Laravel limits how often it is asked (429)',
  },
  moved: {
    status: 502,
    error:
      'Laravel redirects this request to another address of itself. Set laravel.authUrl to that address: https:// or another host.',
    log: 'Laravel redirects to another address of itself: authUrl has to be that address',
  },
  not_found: {
    status: 502,
    error:
      'The Laravel app has no such route. Call Broadcast::routes(), and Broadcast::userRoutes() to sign in, or correct laravel.authPath and laravel.userAuthPath.',
    log: 'the Laravel app has no route at authPath or userAuthPath',
  },
  maintenance: {
    status: 503,
    error: 'The Laravel app is down for maintenance or overloaded (503).',
    log: 'the Laravel app is down for maintenance or overloaded (503)',
  },
  failed: {
    status: 502,
    error: 'The Laravel app failed. Its own log says why.',
    log: 'the Laravel app failed',
  },

  // A 200 that vouches for nobody.
  empty: {
    status: 403,
    error:
      'Laravel answered with nothing, as its log and null drivers do. Set BROADCAST_CONNECTION (BROADCAST_DRIVER before Laravel 11).',
    log: 'Laravel answered with nothing, as its log and null drivers do',
  },
  html: {
    status: 403,
    error:
      'Laravel answered with a page, not with an authorisation. Check laravel.authUrl and laravel.authPath, and that no PHP warning is printed before the answer.',
    log: 'Laravel answered with a page',
  },
  not_json: {
    status: 403,
    error:
      'Laravel answered with text that is not JSON. Check laravel.authUrl and laravel.authPath.',
    log: 'Laravel answered with text that is not JSON',
  },
  no_member: {
    status: 403,
    error:
      'Laravel lets this user in without saying who it is. For a presence channel, the callback in routes/channels.php has to return an array about the user, and the user needs an id of at most 128 characters.',
    log: 'Laravel named no member for a presence channel',
  },
  no_secret: {
    status: 403,
    error:
      "Laravel's redis driver has no secret for encrypted channels. Broadcast and authorise them through its reverb or pusher connection.",
    log: 'Laravel gave no secret for an encrypted channel',
  },
  no_user: {
    status: 403,
    error:
      'Laravel named no user. resolveAuthenticatedUserUsing has to return an array with an "id" of letters, digits and _ - = @ , . ;',
    log: 'Laravel named no user to sign in',
  },
  unusable: {
    status: 403,
    error:
      'Laravel answered with JSON that is no authorisation. The path may belong to another route: check laravel.authPath.',
    log: 'Laravel answered with JSON that is no authorisation',
  },
})

export type FailureName = keyof typeof FAILURES
