import { expect, it } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { startServer } from '../support/server.ts'
import { TestLog } from '../support/test-log.ts'

/** A clock that breaks: as good as any bug of ours that a message can run into. */
class BrokenClock extends ManualClock {
  isBroken = false

  override now(): number {
    if (this.isBroken) throw new Error('the clock is broken')
    return super.now()
  }
}

it('a fault of ours while a message is handled is logged with its cause, and ends nothing', async () => {
  const log = new TestLog()
  const clock = new BrokenClock()
  await using server = await startServer({ app: { clientEvents: true }, clock, logger: log.logger })
  const client = await server.connect()
  await client.subscribe('private-a')
  clock.isBroken = true
  client.send({ event: 'client-x', channel: 'private-a', data: 'a payload' })
  const line = await log.line(/^a request failed by a fault of ours$/)
  expect(line).toMatchObject({ level: 50, err: { message: 'the clock is broken' } })
  expect(JSON.stringify(line)).not.toContain('a payload')
  await client.expectNothing()
  clock.isBroken = false
})
