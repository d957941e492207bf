import { describe, expect, it } from 'vitest'
import { readObject } from '../../src/laravel/object-text.ts'

describe('the text of a JSON object', () => {
  it('is read into the places of its members', () => {
    const text = ' {"a" : [1,"]"], "b":{"c":true}}'
    expect(readObject(text, 1, 2)).toEqual({
      end: 32,
      members: [
        { key: 'a', start: 2, valueStart: 8, end: 15, object: undefined },
        {
          key: 'b',
          start: 17,
          valueStart: 21,
          end: 31,
          object: {
            end: 31,
            members: [{ key: 'c', start: 22, valueStart: 26, end: 30, object: undefined }],
          },
        },
      ],
    })
  })

  it('has the members that JSON.parse finds, whatever they hold', () => {
    for (let seed = 1; seed <= 2000; seed += 1) {
      const object = new RandomJson(seed).object(3)
      const indent = [undefined, 1, '\t'][seed % 3]
      const text = JSON.stringify(object, undefined, indent)
      const { members, end } = readObject(text, 0, 1)
      const found = members.map(
        ({ key, valueStart, end }) => [key, JSON.parse(text.slice(valueStart, end))] as const,
      )
      expect(Object.fromEntries(found), `seed ${seed}`).toEqual(object)
      expect(end, `seed ${seed}`).toBe(text.length)
    }
  })
})

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Any JSON, the same for the same seed. */
class RandomJson {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  object(depth: number): Record<string, Json> {
    return Object.fromEntries(this.#times(() => [this.#text(), this.#value(depth - 1)] as const))
  }

  #value(depth: number): Json {
    const kind = this.#below(depth > 0 ? 6 : 4)
    if (kind === 0) return null
    if (kind === 1) return this.#below(2) === 0
    if (kind === 2) return (this.#below(2000) - 1000) / 8
    if (kind === 3) return this.#text()
    return kind === 4 ? this.#times(() => this.#value(depth - 1)) : this.object(depth)
  }

  #text(): string {
    const pieces = [
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      ' ',
      '\n',
      'é',
      '🙂',
      'a',
      '0',
      '\u2028',
    ]
    return this.#times(() => pieces[this.#below(pieces.length)] ?? '').join('')
  }

  #times<T>(make: () => T): T[] {
    return Array.from({ length: this.#below(5) }, make)
  }

  /** Park and Miller's generator. */
  #below(limit: number): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647
    return this.#state % limit
  }
}
