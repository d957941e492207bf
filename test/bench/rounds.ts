/** Which parts of a benchmark run, and in what order. */

/** The names in a list separated by commas; all that are known without one. @throws for an unknown one */
export function choose<Name extends string>(
  given: string | undefined,
  known: readonly Name[],
  what: string,
): readonly Name[] {
  if (given === undefined) return known
  return given.split(',').map((name) => {
    const found = known.find((each) => each === name)
    if (found === undefined) throw new Error(`no ${what} ${name}; there are ${known.join(', ')}`)
    return found
  })
}

/** Each round begins with another one, so that none is always first. */
export function rotate<Item>(items: readonly Item[], by: number): readonly Item[] {
  const from = by % items.length
  return [...items.slice(from), ...items.slice(0, from)]
}
