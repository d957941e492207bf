/**
 * What was accepted and is not in Redis yet: of each endpoint in order, written as fast as Redis takes
 * it, and kept while it does not.
 */
import type { Budget } from './budget.ts'
import { type EndpointAddress, keyOf } from './endpoint.ts'
import type { Entry } from './queue.ts'

/** What is written at once, so that Redis is not held up by it for long. */
const MOST_ENTRIES = 1000
const MOST_BYTES = 1024 * 1024

interface Line {
  readonly address: EndpointAddress
  readonly entries: Entry[]
  /** The entries at the head that were sent and not confirmed: sent again they are the same. */
  flight: { readonly number: number; readonly entries: number } | undefined
  isWriting: boolean
}

export interface BacklogOptions {
  readonly budget: Budget
  /** Writes entries. @returns false when they have to be written again, under the same number */
  readonly write: (
    address: EndpointAddress,
    number: number,
    entries: readonly Entry[],
  ) => Promise<boolean>
}

export class Backlog {
  readonly #options: BacklogOptions
  readonly #lines = new Map<string, Line>()
  #number = 0
  #onEmpty: (() => void)[] = []

  constructor(options: BacklogOptions) {
    this.#options = options
  }

  push(address: EndpointAddress, entry: Entry): void {
    const key = keyOf(address)
    let line = this.#lines.get(key)
    if (line === undefined) {
      line = { address, entries: [], flight: undefined, isWriting: false }
      this.#lines.set(key, line)
    }
    line.entries.push(entry)
    this.#start(key, line)
  }

  /** Tries again what could not be written. */
  resume(): void {
    for (const [key, line] of this.#lines) this.#start(key, line)
  }

  /** How many events of an app there are, or of all. */
  events(appId?: string): number {
    let events = 0
    for (const { address, entries } of this.#lines.values()) {
      if (appId !== undefined && address.appId !== appId) continue
      for (const entry of entries) events += entry.events
    }
    return events
  }

  /** Forgets what is there for the endpoints that are not `kept`. @param forgotten is told of each */
  keep(
    kept: ReadonlySet<string>,
    forgotten: (address: EndpointAddress, events: number) => void,
  ): void {
    for (const [key, { address, entries }] of this.#lines) {
      if (kept.has(key)) continue
      this.#lines.delete(key)
      let events = 0
      for (const entry of entries.splice(0)) {
        this.#options.budget.release(entry.bytes)
        events += entry.events
      }
      if (events > 0) forgotten(address, events)
    }
    this.#tellEmpty()
  }

  /** Resolves when nothing is left. */
  empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve)
      this.#tellEmpty()
    })
  }

  #start(key: string, line: Line): void {
    if (!line.isWriting) void this.#write(key, line)
  }

  async #write(key: string, line: Line): Promise<void> {
    line.isWriting = true
    while (line.entries.length > 0) {
      line.flight ??= { number: ++this.#number, entries: fitting(line.entries) }
      const { number, entries } = line.flight
      const sent = line.entries.slice(0, entries)
      if (!(await this.#options.write(line.address, number, sent))) break
      line.flight = undefined
      for (const { bytes } of line.entries.splice(0, entries)) this.#options.budget.release(bytes)
    }
    line.isWriting = false
    if (line.entries.length > 0) return
    if (this.#lines.get(key) === line) this.#lines.delete(key)
    this.#tellEmpty()
  }

  #tellEmpty(): void {
    if (this.#lines.size > 0) return
    for (const resolve of this.#onEmpty.splice(0)) resolve()
  }
}

/** How many entries at the head are written at once; at least one. */
function fitting(entries: readonly Entry[]): number {
  let count = 0
  let bytes = 0
  for (const entry of entries) {
    bytes += entry.bytes
    if (count > 0 && (bytes > MOST_BYTES || count === MOST_ENTRIES)) break
    count += 1
  }
  return count
}
