import { describe, expect, it } from 'vitest'
import { realClock } from '../src/clock.ts'
import { EventLoopDelay } from '../src/event-loop-delay.ts'
import { ManualClock } from './support/clock.ts'

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

describe("the event loop's delay in the last second", () => {
  it('is what blocked it', async () => {
    const loop = new EventLoopDelay(realClock)
    block(400)
    await expect.poll(() => loop.recentSeconds).toBeGreaterThan(0.2)
    loop.stop()
  })

  it('is none on a clock that stood still meanwhile', () => {
    const clock = new ManualClock()
    const loop = new EventLoopDelay(clock)
    block(400)
    clock.advance(200)
    expect(loop.recentSeconds).toBe(0)
    loop.stop()
  })
})
