/** Stretches of time, and what is left of some without others. */

export interface Span {
  readonly from: number
  readonly to: number
}

export const overlaps = (a: Span, b: Span): boolean => a.from < b.to && b.from < a.to

/** What is left of the one when all of the others are taken away. */
export function without(span: Span, others: readonly Span[]): readonly Span[] {
  let left: readonly Span[] = span.from < span.to ? [span] : []
  for (const other of others) {
    left = left.flatMap((part) =>
      overlaps(part, other)
        ? [
            { from: part.from, to: Math.min(part.to, other.from) },
            { from: Math.max(part.from, other.to), to: part.to },
          ].filter(({ from, to }) => from < to)
        : [part],
    )
  }
  return left
}

/** The part of the one that is in the other as well. */
export function within(span: Span, bounds: Span): readonly Span[] {
  const from = Math.max(span.from, bounds.from)
  const to = Math.min(span.to, bounds.to)
  return from < to ? [{ from, to }] : []
}
