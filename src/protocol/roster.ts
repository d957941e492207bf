/**
 * The members of a presence channel as the `data` of `subscription_succeeded`.
 *
 * hot path: once per join, with the whole roster each time (test/bench, presence-1000). The text is
 * kept, already escaped as the inside of a JSON string, and grows with each join; a leave drops it,
 * and the next join builds it again.
 */
import type { Member } from '../../channels/kind.ts'

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)

export class Roster {
  #ids = ''
  #hash = ''
  #valid = true

  /** Call when a user was added to the members. */
  add({ userId, userInfo }: Member): void {
    if (!this.#valid) return
    const comma = this.#ids === '' ? '' : ','
    const id = escaped(JSON.stringify(userId))
    this.#ids += comma + id
    this.#hash += `${comma}${id}:${escaped(userInfo)}`
  }

  /** Call when a user was removed from the members. */
  remove(): void {
    this.#valid = false
  }

  /** @returns the presence data, encoded as a JSON string */
  encode(members: Iterable<Member> & { readonly count: number }): string {
    if (!this.#valid) {
      this.#ids = ''
      this.#hash = ''
      this.#valid = true
      for (const member of members) this.add(member)
    }
    return `"{\\"presence\\":{\\"count\\":${members.count},\\"ids\\":[${this.#ids}],\\"hash\\":{${this.#hash}}}}"`
  }
}
