import { describe, expect, it } from 'vitest'
import { isSocketId, newSocketId } from '../../src/hub/socket-id.ts'

describe('a socket id', () => {
  it('is two integers that a JSON number can hold', () => {
    for (const half of newSocketId().split('.')) {
      expect(half).toMatch(/^[1-9]\d*$/)
      expect(Number(half)).toBeLessThan(2 ** 53)
    }
  })

  it('shares its first half with this process only, and its second with none', () => {
    const ids = Array.from({ length: 10_000 }, newSocketId)
    expect(new Set(ids).size).toBe(10_000)
    expect(new Set(ids.map((id) => id.split('.')[0])).size).toBe(1)
  })

  it('is not guessed from the one before', () => {
    const halves = Array.from({ length: 100 }, () => Number(newSocketId().split('.')[1]))
    expect(Math.max(...halves) - Math.min(...halves)).toBeGreaterThan(2 ** 40)
  })

  it.each(['1.1', '0.0', '123456.7890123', `${'1'.repeat(31)}.${'2'.repeat(32)}`])(
    'may look like %s',
    (id) => {
      expect(isSocketId(id)).toBe(true)
    },
  )

  it.each(['', '1', '1.', '.1', '1.1.1', '1,1', ' 1.1', '1.1\n', '1.1:x', '-1.1', '1e3.1', 'a.b'])(
    'may not look like %j',
    (id) => {
      expect(isSocketId(id)).toBe(false)
    },
  )

  it('may not be longer than 64 characters', () => {
    expect(isSocketId(`${'1'.repeat(32)}.${'2'.repeat(32)}`)).toBe(false)
  })
})
