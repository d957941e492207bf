/** What a publisher is given, and how it says what became of it. */

export interface Publication {
  readonly channels: readonly string[]
  /** JSON text. */
  readonly data: string
}

/** Told once. @param failure its kind and what was said; undefined when it was accepted */
export type Published = (failure?: { readonly kind: string; readonly sample: string }) => void

export interface Publisher {
  /** Whether it can take another request now; `published` of an earlier one says when to look again. */
  readonly isFree: boolean
  /** A subscriber that publishes itself, next: to which stream, which it does not hear. Not for others. */
  readonly sender?: { readonly connection: number; readonly stream: number } | undefined
  publish(publications: readonly Publication[], published: Published): void
  close(): Promise<void>
}

/** The event that is published. */
export const EVENT = 'bench-event'
