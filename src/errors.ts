/**
 * Faults: what an operator can act on. Refusals to clients and publishers are values, not these.
 *
 * Every code stands in `FAULTS` with its meaning and remedy, and from there in docs/errors.md.
 */

/** Every fault code, what it means, and what to do. The reference page is generated from this. */
export const FAULTS = {
  RESOUND_CONFIG_UNREADABLE: {
    meaning: 'A configuration file, or a file named by a _FILE variable, cannot be read.',
    remedy: 'Check the path and its permissions.',
  },
  RESOUND_CONFIG_INVALID: {
    meaning: 'The configuration has an unknown key or a value out of bounds.',
    remedy: 'Correct the place that the message names; `resound config docs` lists every option.',
  },
  RESOUND_PORT_IN_USE: {
    meaning: 'Another process is listening on the address.',
    remedy:
      'Stop it, or choose another port: RESOUND_PORT for clients, RESOUND_ADMIN_PORT for metrics; 0 takes a free one.',
  },
  RESOUND_LISTEN_FAILED: {
    meaning: 'The address cannot be listened on.',
    remedy:
      'Check that the host is an address of this machine and that the port is allowed for this user.',
  },
  RESOUND_TLS_INVALID: {
    meaning: 'The certificate or its key cannot be used.',
    remedy:
      'Check that tls.cert and tls.key are readable PEM files that belong together, and the passphrase.',
  },
  RESOUND_NATIVE_MISSING: {
    meaning: 'uWebSockets.js has no build for this Node.js and C library.',
    remedy:
      'Use Node.js 20, 22 or 24 on glibc Linux, macOS or Windows, and reinstall with that Node.js.',
  },
  RESOUND_STATE_UNWRITABLE: {
    meaning: 'The generated app cannot be stored in .resound/.',
    remedy:
      'Make the working directory writable, or configure an app (RESOUND_APP_ID, RESOUND_APP_KEY, RESOUND_APP_SECRET).',
  },
  RESOUND_OUTPUT_UNWRITABLE: {
    meaning: 'A command cannot write its result to the file that it was given.',
    remedy: 'Name a file that is not there yet, in a directory that is writable.',
  },
  RESOUND_SERVER_UNREACHABLE: {
    meaning:
      'A command asks a running server, and none answers on its admin socket or its admin port.',
    remedy:
      'Start the server, or name it as it was started: --config, --laravel, the same environment and working directory; or its admin port with --admin-url.',
  },
  RESOUND_SERVER_REFUSED: {
    meaning: 'The running server answers a command, and does not do what it asks.',
    remedy: 'Correct what the message names; the token is admin.token (RESOUND_ADMIN_TOKEN).',
  },
  RESOUND_WORKER_ENDED: {
    meaning: 'A worker process cannot be started, ended by itself, or does not answer.',
    remedy: 'Look for the reason in the log, where workers write as well.',
  },
  RESOUND_WORKER_NOT_READY: {
    meaning:
      'The process that was to take over in a restart was not ready for clients in time. The one before it goes on.',
    remedy: 'Correct what the message names, as `resound status` and the log show it.',
  },
  RESOUND_SOCKET_UNUSABLE: {
    meaning: 'The admin socket cannot be listened on.',
    remedy:
      'Choose a path of at most 100 bytes, in a directory that is writable, that no other server uses: admin.socket.',
  },
  RESOUND_REDIS_UNREACHABLE: {
    meaning:
      'Redis, where a Laravel app publishes or webhooks wait, does not answer or refuses us. The server keeps trying.',
    remedy:
      'Start Redis, or correct the URL, user or password (redis.url, .cluster, .sentinels; the same of apps[].laravel).',
  },
  RESOUND_POSTGRES_UNREACHABLE: {
    meaning:
      'PostgreSQL, which has the table of apps, does not answer or refuses us. The apps known from it go on being served, and the server keeps trying.',
    remedy: 'Start PostgreSQL, or correct postgres.url, its user or password.',
  },
  RESOUND_POSTGRES_UNREADABLE: {
    meaning:
      'PostgreSQL answers, but the table of apps cannot be read. The apps known from it go on being served, and the server keeps trying.',
    remedy:
      'Create the table, grant its reading, or correct postgres.table: docs/postgres.md has the SQL.',
  },
  RESOUND_APP_REFUSED: {
    meaning:
      'A row of the table of apps is wrong, or contradicts another app. An app that was served before stays as it was; only disabling it counts.',
    remedy: 'Correct the columns that the message names.',
  },
} as const

export type ErrorCode = keyof typeof FAULTS

/** A fault with a stable code and one sentence that says what to do. */
export class ResoundError extends Error {
  override readonly name = 'ResoundError'
  readonly code: ErrorCode
  readonly remedy: string

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { remedy?: string }) {
    super(message, options)
    this.code = code
    this.remedy = options?.remedy ?? FAULTS[code].remedy
  }
}

/** What a fault says of itself, with the code of one that an operator can act on. */
export function faultOf(fault: unknown): { code: ErrorCode | undefined; message: string } {
  if (fault instanceof ResoundError) return fault
  return { code: undefined, message: fault instanceof Error ? fault.message : String(fault) }
}
