import { expect, it } from 'vitest'
import { Counts } from '../../src/broker/counts.ts'
import type { Operation } from '../../src/broker/operations.ts'

const AT = { appId: '3', channel: 'a' }
const OPTIONS = { tells: true, announces: false }

it('tells a count that has changed while Redis was away as soon as it is back', () => {
  let isAway = false
  const asked: Operation[] = []
  const counts = new Counts(
    (operation) => {
      if (!isAway) asked.push(operation())
    },
    { occupied: () => {}, vacated: () => {}, total: () => {} },
  )
  counts.changed(AT, 1, OPTIONS)
  isAway = true
  counts.freeze()
  counts.changed(AT, 2, OPTIONS)
  isAway = false
  counts.register()
  expect(asked).toEqual([
    { type: 'count', ...AT, count: 1, ...OPTIONS },
    { type: 'count', ...AT, count: 2, ...OPTIONS },
  ])
})
