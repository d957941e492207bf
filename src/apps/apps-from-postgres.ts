/**
 * The apps of a table in PostgreSQL, all of them held in memory.
 *
 * Reads the table at the start, whenever PostgreSQL notifies of a change, and every `cacheSeconds`;
 * a read that finds the table's checksum unchanged ends there. Whatever PostgreSQL does, what was
 * read last goes on being served: this keeps trying, says once that it lost PostgreSQL and once that
 * it is back. One connection does all, so that one that is dead cannot look like a quiet one.
 */
import type { Logger } from 'pino'
import { backoff } from '../backoff.ts'
import type { Clock } from '../clock.ts'
import type { AppConfig } from '../config/schema/app.ts'
import type { Config } from '../config/schema.ts'
import { ResoundError } from '../errors.ts'
import { AppRows } from './app-rows.ts'
import type { AppTable } from './apps.ts'
import { PostgresConnection, type PostgresTarget } from './postgres-connection.ts'
import { withSnapshot } from './postgres-table.ts'

export interface PostgresAppsState {
  /** PostgreSQL answers and its table can be read. */
  readonly isUp: boolean
  /** Since when a change could be unknown here; undefined before the first read. */
  readonly lastReadAgeSeconds: number | undefined
  /** Rows that are not, or no longer, served as they stand. */
  readonly refusedRows: number
}

/** An open connection is asked for an answer at least this often. */
const CHECK_MILLISECONDS = 5000
/** Between two reads, however many changes there are, as long as the read took, within these. */
const SHORTEST_REST_MILLISECONDS = 20
const LONGEST_REST_MILLISECONDS = 1000
const FIRST_RETRY_MILLISECONDS = 100
const LONGEST_RETRY_MILLISECONDS = 2000

export class PostgresApps implements AppTable {
  readonly #target: PostgresTarget
  readonly #table: string
  readonly #cacheMilliseconds: number
  readonly #log: Logger
  readonly #clock: Clock

  readonly #rows: AppRows
  /** The table's columns and checksum when it was last read. */
  #version: string | undefined
  /** When the last read began, in ms since the epoch. */
  #readAt: number | undefined

  #onChange: () => void = () => {}
  #connection: PostgresConnection | undefined
  #running: Promise<void> = Promise.resolve()
  #isStopped = false
  #isUp = false
  /** Since the last read. */
  #failures = 0
  #hasNews = false
  #wake: () => void = () => {}
  /** Since when PostgreSQL is away, in ms since the epoch. */
  #lostAt: number | undefined
  /** Codes of faults that have been logged since. */
  readonly #reported = new Set<string>()

  constructor(parts: {
    postgres: Config['postgres'] & { readonly url: string }
    log: Logger
    clock: Clock
  }) {
    const { url, tls, table, cacheSeconds } = parts.postgres
    this.#target = { url, tls }
    this.#table = table
    this.#cacheMilliseconds = cacheSeconds * 1000
    this.#log = parts.log.child({ postgres: new URL(url).host, table })
    this.#clock = parts.clock
    this.#rows = new AppRows(this.#log)
  }

  get apps(): readonly AppConfig[] {
    return this.#rows.apps
  }

  /** Only while PostgreSQL answers: what was created since the last read can be asked for. */
  get isComplete(): boolean {
    const age = this.#age()
    return this.#isUp && age !== undefined && age <= this.#cacheMilliseconds + 1000
  }

  /** Whether the table has been read, once at least. */
  get isRead(): boolean {
    return this.#readAt !== undefined
  }

  get state(): PostgresAppsState {
    const age = this.#age()
    return {
      isUp: this.#isUp,
      lastReadAgeSeconds: age === undefined ? undefined : age / 1000,
      refusedRows: this.#rows.refused,
    }
  }

  /**
   * Begins to read, and returns at once: whether PostgreSQL is there is in the log and the state.
   * @param onChange is called when `apps` has changed
   */
  start(onChange: () => void): void {
    if (new URL(this.#target.url).searchParams.get('sslmode') === 'no-verify') {
      this.#log.warn('the certificate of PostgreSQL is not verified (sslmode=no-verify)')
    }
    this.#onChange = onChange
    this.#lostAt = this.#clock.now()
    this.#running = this.#run()
  }

  /** Stops for good; resolves when the connection is closed. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#wake()
    await this.#connection?.close()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#follow(this.#connect())
      } catch (error) {
        if (!this.#isStopped) this.#failed(error)
      }
      const connection = this.#connection
      this.#connection = undefined // what it still has to tell is no news
      await connection?.close()
      const delay = backoff(this.#failures, FIRST_RETRY_MILLISECONDS, LONGEST_RETRY_MILLISECONDS)
      if (!this.#isStopped) await this.#sleep(delay)
    }
  }

  #connect(): PostgresConnection {
    const connection = new PostgresConnection(this.#target, {
      clock: this.#clock,
      news: () => {
        if (connection === this.#connection) this.#tellNews()
      },
    })
    this.#connection = connection
    return connection
  }

  /** Reads whenever there is reason to, until a fault ends it. */
  async #follow(connection: PostgresConnection): Promise<void> {
    await connection.open()
    await this.#listen(connection)
    while (!this.#isStopped) {
      this.#hasNews = false
      const startedAt = this.#clock.now()
      await this.#read(connection)
      this.#readAt = startedAt
      this.#succeeded()
      await this.#rest(this.#clock.now() - startedAt)
      await this.#untilNewsOr(startedAt + this.#cacheMilliseconds, connection)
    }
  }

  async #listen(connection: PostgresConnection): Promise<void> {
    try {
      await connection.query(`LISTEN ${channelOf(this.#table)}`)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      this.#log.warn(
        { reason: error.message, cacheSeconds: this.#cacheMilliseconds / 1000 },
        'PostgreSQL does not notify here: changes are seen when the table is read next',
      )
    }
  }

  /** Brings `apps` in line with the table. */
  #read(connection: PostgresConnection): Promise<void> {
    return withSnapshot(connection, this.#table, async ({ version, rows }) => {
      if (version === this.#version) return
      await this.#rows.take(rows())
      this.#version = version
      if (!this.#isStopped) this.#onChange()
    })
  }

  #succeeded(): void {
    this.#isUp = true
    this.#failures = 0
    const lostAt = this.#lostAt
    if (lostAt === undefined) return
    this.#lostAt = undefined
    const apps = this.apps.length
    if (this.#reported.size === 0) {
      this.#log.info({ apps }, 'reading apps from PostgreSQL')
      return
    }
    this.#reported.clear()
    const lostSeconds = (this.#clock.now() - lostAt) / 1000
    this.#log.warn({ apps, lostSeconds }, 'PostgreSQL is back, and its apps are up to date')
  }

  #failed(error: unknown): void {
    this.#isUp = false
    this.#failures += 1
    this.#lostAt ??= this.#clock.now()
    if (!(error instanceof ResoundError)) {
      this.#log.error({ err: error }, 'reading apps from PostgreSQL failed by a fault of ours')
      return
    }
    const { code, message: reason, remedy } = error
    if (this.#reported.has(code)) return
    this.#reported.add(code)
    this.#log.error(
      { code, reason, apps: this.apps.length, remedy },
      this.isRead
        ? 'apps cannot be read from PostgreSQL: those known stay as they are; trying again'
        : 'apps cannot be read from PostgreSQL, and none are known; trying again',
    )
  }

  #tellNews(): void {
    this.#hasNews = true
    this.#wake()
  }

  /** Waits, and now and then makes sure that the connection is alive. */
  async #untilNewsOr(due: number, connection: PostgresConnection): Promise<void> {
    for (;;) {
      const left = due - this.#clock.now()
      if (this.#hasNews || this.#isStopped || left <= 0) return
      await this.#sleep(Math.min(left, CHECK_MILLISECONDS))
      if (!this.#hasNews && left > CHECK_MILLISECONDS) await connection.query('SELECT 1')
    }
  }

  /** Whatever the news are, PostgreSQL and our event loop have other things to do. */
  async #rest(readMilliseconds: number): Promise<void> {
    const rest = Math.max(readMilliseconds, SHORTEST_REST_MILLISECONDS)
    const until = this.#clock.now() + Math.min(rest, LONGEST_REST_MILLISECONDS)
    for (;;) {
      const left = until - this.#clock.now()
      if (left <= 0 || this.#isStopped) return
      await this.#sleep(left)
    }
  }

  /** Resolves after this time, or when somebody wakes it. */
  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        stop()
        this.#wake = () => {}
        resolve()
      }
      const stop = this.#clock.after(milliseconds, wake)
      this.#wake = wake
    })
  }

  #age(): number | undefined {
    return this.#readAt === undefined ? undefined : this.#clock.now() - this.#readAt
  }
}

/** What a trigger notifies of a change: the table's name, without its schema. PostgreSQL cuts it, too. */
const channelOf = (table: string): string =>
  `resound_${table.replace(/^.*\./, '')}`.slice(0, LONGEST_NAME)

/** Of a PostgreSQL identifier, in bytes. */
const LONGEST_NAME = 63

const isUnreadable = (error: unknown): error is ResoundError =>
  error instanceof ResoundError && error.code === 'RESOUND_POSTGRES_UNREADABLE'
