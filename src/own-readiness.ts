/**
 * Whether this process would take new clients, and if not why: what it needs is not there, it has no
 * room, or it is about to end.
 */
import type { Readiness } from './http-api/health.ts'

export interface ReadinessParts {
  /** The table of apps, where there is one. */
  readonly table: { readonly isRead: boolean } | undefined
  /** The Redis servers where Laravel apps are heard. */
  readonly laravel: { readonly isUp: boolean }
  /** The Redis that the nodes share, where they do. */
  readonly group: { readonly state: { readonly isLive: boolean } } | undefined
  readonly room: { shortage(): { readonly reason: string } | undefined }
}

const READY: Readiness = { ready: true, reason: 'serving' }

export class OwnReadiness {
  readonly #parts: ReadinessParts
  #ending: string | undefined

  constructor(parts: ReadinessParts) {
    this.#parts = parts
  }

  /** It is about to end, and does not become ready again. */
  ends(how: 'draining' | 'stopping'): void {
    this.#ending = how
  }

  get now(): Readiness {
    const reason = this.#ending ?? this.#missing()
    return reason === undefined ? READY : { ready: false, reason }
  }

  #missing(): string | undefined {
    const { table, laravel, group, room } = this.#parts
    if (table?.isRead === false) return 'the table of apps has not been read from PostgreSQL yet'
    if (!laravel.isUp) return 'Redis, where a Laravel app publishes, does not answer'
    if (group?.state.isLive === false) return 'Redis, which the nodes share, does not answer'
    return room.shortage()?.reason
  }
}
