/** The first so many of what it is shown, in the order of their names and each name once. */
export class First<Item> {
  readonly #most: number
  readonly #after: string | undefined
  #kept = new Map<string, Item>()
  /** The last name of those, once there are as many as wanted: nothing behind it is looked at any more. */
  #bound: string | undefined

  /** @param after the name that all have to come after */
  constructor(most: number, after: string | undefined) {
    this.#most = most
    this.#after = after
  }

  add(name: string, item: Item): void {
    if (this.#after !== undefined && name <= this.#after) return
    if (this.#bound !== undefined && name >= this.#bound) return
    this.#kept.set(name, item)
    if (this.#kept.size >= 2 * this.#most) this.#settle()
  }

  entries(): readonly (readonly [name: string, item: Item])[] {
    this.#settle()
    return [...this.#kept]
  }

  #settle(): void {
    // By the order of UTF-16 units that `<` has as well, without a function to call for each pair.
    const names = [...this.#kept.keys()].sort().slice(0, this.#most)
    const kept = this.#kept
    this.#kept = new Map(names.map((name) => [name, kept.get(name) as Item])) // they are its own
    if (names.length === this.#most) this.#bound = names.at(-1)
  }
}
