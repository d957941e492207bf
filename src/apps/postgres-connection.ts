/**
 * One connection to PostgreSQL, with a bound on how long it may be silent. The only module that
 * imports pg; what is asked, and what to do when the connection ends, is its user's business.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import type { ClientConfig, Client as PgClient } from 'pg'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import { ResoundError } from '../errors.ts'

const require = createRequire(import.meta.url)

/** Loaded by the first who needs it: a server without PostgreSQL does without. */
const requirePg = (): typeof import('pg') => require('pg')

export type Row = Readonly<Record<string, unknown>>

/** Where PostgreSQL is. The URL is `postgres://`. */
export type PostgresTarget = Pick<Config['postgres'], 'tls'> & { readonly url: string }

/** How long connecting, or the answer to a query, may take. */
export const PATIENCE_MILLISECONDS = 5000
/** A closing connection that does not close is destroyed. */
const CLOSE_MILLISECONDS = 500
/** Silence after which the system asks whether the other side is there. */
const KEEP_ALIVE_MILLISECONDS = 10_000

export class PostgresConnection {
  readonly #client: PgClient
  readonly #socket = new Socket()
  readonly #clock: Clock
  readonly #closed: Promise<void>
  #isConnected = false
  #ending: Error | undefined

  /**
   * Not connected yet: call `open`.
   * @param news is called when the connection has ended, and for each notification
   * @throws ResoundError when a TLS file cannot be read
   */
  constructor(target: PostgresTarget, { clock, news }: { clock: Clock; news: () => void }) {
    const { Client } = requirePg()
    this.#clock = clock
    this.#client = new Client({ ...clientConfig(target), stream: () => this.#socket })
    this.#client.on('notification', news)
    this.#client.on('error', (error) => {
      this.#ending ??= error
      this.#socket.destroy() // the end follows
    })
    this.#closed = new Promise((resolve) => {
      this.#socket.once('close', () => resolve())
    })
    this.#client.once('end', news)
  }

  /** @throws ResoundError RESOUND_POSTGRES_UNREACHABLE */
  async open(): Promise<void> {
    await this.#inTime(this.#client.connect())
    this.#isConnected = true
  }

  /**
   * Asks one thing, or several separated by semicolons; then the last answer counts.
   * @throws ResoundError RESOUND_POSTGRES_UNREACHABLE, or _UNREADABLE where PostgreSQL itself refuses
   */
  async query(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    if (this.#socket.destroyed) {
      throw faultOf(this.#ending ?? new Error('the connection is closed'))
    }
    const answer = this.#client.query<Record<string, unknown>>(
      values.length === 0 ? { text } : { text, values: [...values] },
    )
    const result: unknown = await this.#inTime(answer)
    const last: unknown = Array.isArray(result) ? result.at(-1) : result
    return hasRows(last) ? last.rows : []
  }

  /** Ends it, whatever state it is in; resolves when it is closed. Idempotent. */
  async close(): Promise<void> {
    if (!this.#isConnected || this.#socket.destroyed) {
      this.#socket.destroy() // pg's end() while it connects would leave open() waiting for ever
      return
    }
    const givenUp = this.#clock.after(CLOSE_MILLISECONDS, () => this.#socket.destroy())
    void this.#client.end() // resolves at the end of the socket, as the line below does
    await this.#closed
    givenUp()
  }

  /** Ends the connection when PostgreSQL is silent for too long. */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const silent = new Error(`no answer for ${PATIENCE_MILLISECONDS / 1000} s`)
    const done = this.#clock.after(PATIENCE_MILLISECONDS, () => this.#socket.destroy(silent))
    try {
      return await answer
    } catch (error) {
      throw faultOf(error)
    } finally {
      done()
    }
  }
}

const hasRows = (value: unknown): value is { readonly rows: readonly Row[] } =>
  typeof value === 'object' && value !== null && 'rows' in value && Array.isArray(value.rows)

/** Made by hand from the URL: what pg makes of `sslmode` differs between its versions. */
function clientConfig({ url, tls }: PostgresTarget): ClientConfig {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url)
  const database = decodeURIComponent(pathname.slice(1))
  return {
    host: decodeURIComponent(hostname).replace(/^\[|\]$/g, ''),
    ...(port === '' ? {} : { port: Number(port) }),
    ...(username === '' ? {} : { user: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(database === '' ? {} : { database }),
    ssl: tlsOf(searchParams.get('sslmode'), tls),
    application_name: 'resound',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MILLISECONDS,
  }
}

/** Everything but `no-verify` checks the certificate and the name in it. */
function tlsOf(mode: string | null, { ca, cert, key }: PostgresTarget['tls']): ClientConfig['ssl'] {
  if (mode === null || mode === 'disable') return false
  try {
    return {
      rejectUnauthorized: mode !== 'no-verify',
      ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
      ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
      ...(key === undefined ? {} : { key: readFileSync(key) }),
    }
  } catch (error) {
    throw faultOf(error)
  }
}

/** SQLSTATE classes of a PostgreSQL that is there but cannot serve: no such connection, no room, going down. */
const UNAVAILABLE = /^(08|28|53|57P0|3D)/

/** What pg or the network says; anything else is a bug, and passes. */
function faultOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (error instanceof requirePg().DatabaseError && code !== undefined && !UNAVAILABLE.test(code)) {
    return new ResoundError('RESOUND_POSTGRES_UNREADABLE', error.message, { cause: error })
  }
  // Failing on several addresses has no text, but a code.
  const message = error.message === '' ? String(code) : error.message
  const isBug = error instanceof TypeError || error instanceof RangeError
  if (isBug) return error
  const remedy = code === undefined ? undefined : remedyOf(code)
  return new ResoundError('RESOUND_POSTGRES_UNREACHABLE', message, {
    cause: error,
    ...(remedy === undefined ? {} : { remedy }),
  })
}

/** What to do about a code of PostgreSQL or Node.js, where more is known than that it failed. */
function remedyOf(code: string): string | undefined {
  if (code.startsWith('28')) return 'Correct the user or password in postgres.url.'
  if (/^(UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_TLS_CERT)/.test(code)) {
    return 'Name the authority that signed the certificate of PostgreSQL in postgres.tls.ca, and PostgreSQL by a name that its certificate has.'
  }
  return undefined
}
