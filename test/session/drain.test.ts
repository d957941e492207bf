import { expect, it } from 'vitest'
import { ease } from '../../src/session/drain.ts'

it.each([
  [0, 1],
  [0.1, 1],
  [0.2, 0.5],
  [1, 0.1],
  [60, 0.1],
])('while an event loop is %d s late, %d of the pace is left', (seconds, left) => {
  expect(ease(seconds)).toBeCloseTo(left)
})
