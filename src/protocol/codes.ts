/**
 * The codes a client may receive, and what each makes it do (Pusher protocol 7, error codes).
 *
 * 4000-4099 do not reconnect · 4100-4199 reconnect after a pause · 4200-4299 at once. 4300-4399
 * leave the connection open, and never close one: pusher-js would not come back. The band is the
 * contract.
 */

/** Codes of `pusher:error` that are followed by a close with the same code. */
export const CLOSE = {
  APP_NOT_FOUND: 4001,
  APP_DISABLED: 4003,
  OVER_CONNECTION_QUOTA: 4004,
  PATH_NOT_FOUND: 4005,
  BAD_PROTOCOL_VERSION: 4006,
  UNSUPPORTED_PROTOCOL_VERSION: 4007,
  UNAUTHORIZED: 4009,
  OVER_CAPACITY: 4100,
  RECONNECT: 4200,
  PONG_TIMEOUT: 4201,
} as const

/** Codes of `pusher:error` on a connection that stays open. */
export const NOTICE = {
  MALFORMED_MESSAGE: 4300,
  CLIENT_EVENT_REJECTED: 4301,
  WATCHLIST_TOO_LONG: 4302,
  SIGN_IN_REFUSED: 4009,
} as const

/** One row per code for the reference page: what it means and what to do about it. */
export const CODES: readonly { code: number; meaning: string; remedy: string }[] = [
  {
    code: CLOSE.APP_NOT_FOUND,
    meaning: 'No app has this key.',
    remedy: "Make the page's key (VITE_REVERB_APP_KEY, VITE_PUSHER_APP_KEY) the server's.",
  },
  {
    code: CLOSE.APP_DISABLED,
    meaning: 'The app is disabled.',
    remedy: 'Set `enabled` of the app to true.',
  },
  {
    code: CLOSE.OVER_CONNECTION_QUOTA,
    meaning: 'The app has as many connections as it may have.',
    remedy: "Raise the app's `maxConnections`.",
  },
  {
    code: CLOSE.PATH_NOT_FOUND,
    meaning: 'The WebSocket was opened on a path other than /app/{key}.',
    remedy: 'Check `wsPath` in the page against `pathPrefix` of the server.',
  },
  {
    code: CLOSE.BAD_PROTOCOL_VERSION,
    meaning: 'The protocol parameter is not a number.',
    remedy: 'Use a Pusher client library.',
  },
  {
    code: CLOSE.UNSUPPORTED_PROTOCOL_VERSION,
    meaning: 'The protocol version is not one of 4 to 7.',
    remedy: 'Update the client library.',
  },
  {
    code: CLOSE.UNAUTHORIZED,
    meaning:
      "The page's origin is not allowed, the connection was not authenticated in time, or its user was terminated. On an open connection: a sign-in was refused.",
    remedy: "Add the origin to the app's `allowedOrigins`; check the secret that signs users.",
  },
  {
    code: CLOSE.OVER_CAPACITY,
    meaning:
      'The server has all the connections that its limit on open files or its memory allows, or too many clients connect at once (`welcome`).',
    remedy:
      'Nothing where many come back at once; else raise the limit (`ulimit -n`, `LimitNOFILE` of systemd), give it memory, or add servers. Clients try again by themselves.',
  },
  {
    code: CLOSE.RECONNECT,
    meaning: 'The server is stopping.',
    remedy: 'Nothing: clients reconnect at once.',
  },
  {
    code: CLOSE.PONG_TIMEOUT,
    meaning: 'The client did not answer a ping in time.',
    remedy: 'Nothing: a client that is still there reconnects at once.',
  },
  {
    code: NOTICE.MALFORMED_MESSAGE,
    meaning:
      'The message is not understood: not JSON, a field of the wrong type, binary, or too large. The connection stays open.',
    remedy: 'Correct the client; the text says what was wrong.',
  },
  {
    code: NOTICE.CLIENT_EVENT_REJECTED,
    meaning:
      'A client event was not sent on: not enabled for the app, not a private or presence channel, not subscribed, too large, or too many per second. The connection stays open.',
    remedy: "The text says which; see `clientEvents` and the app's `limits`.",
  },
  {
    code: NOTICE.WATCHLIST_TOO_LONG,
    meaning: 'The watchlist has more than 100 users; the first 100 are watched.',
    remedy: 'Sign in with a shorter watchlist.',
  },
]
