/**
 * What the rows of the table of apps say, and what they said when they were last valid.
 *
 * A row that becomes wrong leaves its app as it was, because to take it away would turn away clients
 * that do not come back; only that it is disabled counts, whatever else is wrong. Does no I/O.
 */
import type { Logger } from 'pino'
import type { AppConfig } from '../config/schema/app.ts'
import { FAULTS } from '../errors.ts'
import { type RowReading, readRow } from './app-row.ts'

export interface TableRow {
  readonly id: string
  /** Differs when anything in the row does. */
  readonly checksum: string
  /** The row as JSON; undefined when it is too large to be read. */
  readonly content: string | undefined
}

interface Entry {
  readonly checksum: string
  readonly app: AppConfig | undefined
  readonly isValid: boolean
}

/** Lines about single rows per reading; after that they are counted. */
const MOST_TOLD = 100

export class AppRows {
  readonly #log: Logger
  /** By id. */
  #entries: ReadonlyMap<string, Entry> = new Map()
  #apps: readonly AppConfig[] = []
  /** Columns without an equivalent that have been logged. */
  readonly #lost = new Set<string>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** In the order of the rows; the same object as long as the row is the same. */
  get apps(): readonly AppConfig[] {
    return this.#apps
  }

  /** How many rows are not, or no longer, served as they stand. */
  get refused(): number {
    return [...this.#entries.values()].filter(({ isValid }) => !isValid).length
  }

  /** Takes over the whole table, which comes in parts. Throws what `parts` throws, changing nothing. */
  async take(parts: AsyncIterable<readonly TableRow[]>): Promise<void> {
    const entries = new Map<string, Entry>()
    let refused = 0
    for await (const rows of parts) {
      for (const row of rows) {
        const before = entries.has(row.id) ? undefined : this.#entries.get(row.id)
        if (before?.checksum === row.checksum) {
          entries.set(row.id, before)
          continue
        }
        const reading = entries.has(row.id) ? SAME_ID : readingOf(row)
        if (reading.valid) {
          for (const { field, reason } of reading.lost) this.#tellLost(row.id, field, reason)
        } else {
          refused += 1
          if (refused <= MOST_TOLD) this.#tellRefused(row.id, reading.problems, before?.app)
        }
        if (reading !== SAME_ID) entries.set(row.id, entryOf(row.checksum, reading, before?.app))
      }
    }
    if (refused > MOST_TOLD) {
      this.#log.error({ more: refused - MOST_TOLD }, 'more rows of the table of apps are wrong')
    }
    this.#entries = entries
    this.#apps = [...entries.values()].flatMap(({ app }) => (app === undefined ? [] : [app]))
  }

  #tellRefused(appId: string, problems: readonly string[], kept: AppConfig | undefined): void {
    this.#log.error(
      { code: 'RESOUND_APP_REFUSED', appId, problems, remedy: FAULTS.RESOUND_APP_REFUSED.remedy },
      kept === undefined
        ? 'a row of the table of apps is wrong: it is not served'
        : 'a row of the table of apps is wrong: the app stays as it was',
    )
  }

  /** Once for all rows. */
  #tellLost(appId: string, field: string, reason: string): void {
    const column = field.replace(/\[\d+\]/, '[]')
    const key = `${column} ${reason}`
    if (this.#lost.has(key) || this.#lost.size === MOST_TOLD) return
    this.#lost.add(key)
    this.#log.warn({ appId, column, reason }, 'a column of the table of apps has no effect')
  }
}

const refusal = (problem: string): RowReading => ({
  valid: false,
  isDisabled: false,
  problems: [problem],
})

const SAME_ID = refusal('column id: an earlier row has the same')
const TOO_LARGE = refusal('the row is too large: 64 KiB are allowed')

/** The content is JSON that PostgreSQL itself made from a row. */
function readingOf({ content }: TableRow): RowReading {
  if (content === undefined) return TOO_LARGE
  const row: unknown = JSON.parse(content)
  return readRow(typeof row === 'object' && row !== null ? { ...row } : {})
}

function entryOf(checksum: string, reading: RowReading, before: AppConfig | undefined): Entry {
  if (reading.valid) return { checksum, app: reading.app, isValid: true }
  const app = before?.enabled && reading.isDisabled ? { ...before, enabled: false } : before
  return { checksum, app, isValid: false }
}
