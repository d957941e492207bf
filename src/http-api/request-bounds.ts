/**
 * How much of a request is read, by its path: of those to the bridge a form and what the Laravel app is
 * shown, of all others a full batch of the largest events.
 */
import type { App } from '../apps/app.ts'
import { FORM_BYTES } from '../bridge/form.ts'
import { PROXY_HEADERS } from '../bridge/proxy.ts'
import type { Limits } from '../config/schema/limits.ts'

const NO_HEADERS: readonly string[] = []

export class RequestBounds {
  #largestBody = 0

  constructor(serverWide: Limits, apps: Iterable<App>) {
    this.appsChanged(serverWide, apps)
  }

  /** To be called with all apps whenever they or the limits have changed. */
  appsChanged(serverWide: Limits, apps: Iterable<App>): void {
    let largest = bytesOfBatch(serverWide)
    for (const { limits } of apps) largest = Math.max(largest, bytesOfBatch(limits))
    this.#largestBody = 2 * largest + 64 * 1024 // twice for what JSON escapes, and the batch's frame
  }

  // hot path: both once per request (test/bench, headline), so they are handed over as they are.
  readonly bodyBytes = (path: string): number => (isBridged(path) ? FORM_BYTES : this.#largestBody)

  /** Headers that are read beside the authorisation, in lower case. */
  readonly headersOf = (path: string): readonly string[] =>
    isBridged(path) ? PROXY_HEADERS : NO_HEADERS
}

/** Whether a path can be one of the bridge's. */
const isBridged = (path: string): boolean => path.endsWith('/auth') || path.endsWith('/user-auth')

const bytesOfBatch = (limits: Limits): number =>
  limits.eventBytes * limits.eventsPerBatch + limits.channelNameLength * limits.channelsPerEvent
