import { describe, expect, it } from 'vitest'
import { First } from '../../src/first.ts'
import { pageOver, together } from '../../src/live/page.ts'
import type { Part, Row, Rows } from '../../src/live/question.ts'
import { seeded } from '../support/seeded.ts'

const APPS = ['a', 'b', 'a\u{1f600}', '1', '10', '2'].map((id) => ({ id }))

const inOrder = (a: Row, b: Row): number =>
  a.app === b.app ? (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) : a.app < b.app ? -1 : 1

/** Rows of some apps, each of a name once. */
function rowsOf(random: (below: number) => number, count: number): Row[] {
  const rows = new Map<string, Row>()
  for (let index = 0; index < count; index += 1) {
    const app = APPS[random(APPS.length)]?.id ?? ''
    const name = String(random(40))
    rows.set(`${app}\n${name}`, { app, name, count: 1 + random(9) })
  }
  return [...rows.values()]
}

/** A page of what one node has. */
const pageOf = (all: readonly Row[], limit: number, after: [string, string] | undefined) =>
  pageOver(APPS, { limit, after }, (app, wanted) => {
    const first = new First<Row>(wanted.most, wanted.after)
    for (const row of all) if (row.app === app.id) first.add(row.name, row)
    return first.entries().map(([, row]) => row)
  })

/** All rows of all nodes, added up, in order: what the pages have to come to. */
function added(nodes: readonly (readonly Row[])[]): Row[] {
  const sums = new Map<string, Row>()
  for (const row of nodes.flat()) {
    const key = `${row.app}\n${row.name}`
    sums.set(key, { ...row, count: row.count + (sums.get(key)?.count ?? 0) })
  }
  return [...sums.values()].sort(inOrder)
}

describe('pages of several nodes', () => {
  it.each(Array.from({ length: 50 }, (_, index) => index + 1))(
    'leave no row out, repeat none and add up what nodes have (seed %i)',
    async (seed) => {
      const random = seeded(seed)
      const nodes = Array.from({ length: 1 + random(4) }, () => rowsOf(random, random(150)))
      const limit = 1 + random(30)
      const found: Row[] = []
      let after: [string, string] | undefined
      for (;;) {
        const parts = await Promise.all(nodes.map((all) => pageOf(all, limit, after)))
        const page = together(parts, limit) as Rows
        found.push(...page.rows)
        if (!page.isCut) break
        expect(page.rows).toHaveLength(limit) // so that the next one goes on somewhere
        const last = page.rows.at(-1)
        after = [last?.app ?? '', last?.name ?? '']
      }
      expect(found).toEqual(added(nodes))
    },
  )
})

describe('the answers of several', () => {
  it.each<[what: string, parts: Part[], whole: Part]>([
    ['closed connections', [{ closed: 1 }, { closed: 0 }, { closed: 2 }], { closed: 3 }],
    ['subscriptions', [{ subscriptions: 2 }, { subscriptions: 3 }], { subscriptions: 5 }],
    [
      'a refusal before all else',
      [{ closed: 1 }, { refused: { status: 403, text: 'no' } }],
      { refused: { status: 403, text: 'no' } },
    ],
    [
      'the users of a channel',
      [
        { rows: [{ app: 'a', name: 'presence-x', count: 1, members: 1 }], isCut: false },
        { rows: [{ app: 'a', name: 'presence-x', count: 2, members: 2 }], isCut: false },
      ],
      { rows: [{ app: 'a', name: 'presence-x', count: 3, members: 3 }], isCut: false },
    ],
    [
      'nothing',
      [
        { rows: [], isCut: false },
        { rows: [], isCut: false },
      ],
      { rows: [], isCut: false },
    ],
  ])('are %s', (_what, parts, whole) => {
    expect(together(parts, 10)).toEqual(whole)
  })
})
