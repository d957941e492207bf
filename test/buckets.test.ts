import { expect, it } from 'vitest'
import { Buckets } from '../src/buckets.ts'

it('a histogram puts a value into the first bucket whose bound it does not exceed', () => {
  const buckets = new Buckets([1, 10, 100])
  for (const value of [0, 1, 1.5, 10, 100, 101]) buckets.observe(value)
  buckets.observe(50, 16)
  expect(buckets.counts).toEqual([2, 2, 17, 1])
  expect(buckets.sum).toBe(213.5 + 800)
})
