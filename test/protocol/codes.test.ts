import { describe, expect, it } from 'vitest'
import { CLOSE, CODES, NOTICE } from '../../src/protocol/codes.ts'

describe('the codes', () => {
  it.each(Object.entries(CLOSE))(
    'that close a connection are never of the band that pusher-js does not come back from: %s %i',
    (_name, code) => {
      expect(code).toBeGreaterThanOrEqual(4000)
      expect(code).toBeLessThan(4300)
    },
  )

  it('are each explained once, with a remedy', () => {
    const all = new Set<number>([...Object.values(CLOSE), ...Object.values(NOTICE)])
    expect(CODES.map(({ code }) => code)).toEqual([...all].sort((a, b) => a - b))
    for (const { meaning, remedy } of CODES) {
      expect(meaning).toMatch(/\.$/)
      expect(remedy).toMatch(/\.$/)
    }
  })
})
