import { beforeEach, describe, expect, it } from 'vitest'
import { Linger } from '../../src/broker/linger.ts'
import { ManualClock } from '../support/clock.ts'

let clock: ManualClock
let done: string[]
let lingering: Linger<string>

beforeEach(() => {
  clock = new ManualClock()
  done = []
  lingering = new Linger(5000, clock)
})

const add = (name: string): void => lingering.add(name, () => done.push(name))

describe('whoever lingers', () => {
  it('is gone after the time, each in their turn, on one timer', () => {
    add('ann')
    clock.advance(2000)
    add('bob')
    expect(clock.running).toBe(1)
    clock.advance(2999)
    expect(done).toEqual([])
    clock.advance(1)
    expect(done).toEqual(['ann'])
    expect(lingering.has('bob')).toBe(true)
    clock.advance(2000)
    expect(done).toEqual(['ann', 'bob'])
    expect(clock.running).toBe(0)
  })

  it('is not gone when they are back', () => {
    add('ann')
    expect(lingering.cancel('ann')).toBe(true)
    expect(lingering.cancel('ann')).toBe(false)
    clock.advance(10_000)
    expect(done).toEqual([])
    expect(clock.running).toBe(0)
  })

  it('has the whole time again who is back and leaves again', () => {
    add('ann')
    clock.advance(4000)
    add('ann')
    clock.advance(4999)
    expect(done).toEqual([])
    clock.advance(1)
    expect(done).toEqual(['ann'])
  })

  it('may leave again while another is told of', () => {
    lingering.add('ann', () => {
      done.push('ann')
      add('bob')
    })
    clock.advance(5000)
    expect(done).toEqual(['ann'])
    clock.advance(5000)
    expect(done).toEqual(['ann', 'bob'])
    expect(clock.running).toBe(0)
  })

  it('is gone at once where there is no time', () => {
    lingering = new Linger(0, clock)
    add('ann')
    expect(done).toEqual(['ann'])
    expect(clock.running).toBe(0)
  })

  it('is forgotten when all ends', () => {
    add('ann')
    lingering.stop()
    clock.advance(10_000)
    expect(done).toEqual([])
    expect([lingering.has('ann'), clock.running]).toEqual([false, 0])
  })
})
