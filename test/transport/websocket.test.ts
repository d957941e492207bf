import { describe, expect, it, vi } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { exchange, request } from '../support/raw-http.ts'
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

describe('a fault of ours', () => {
  const broken = (): never => {
    throw new Error('a part is broken')
  }
  const logged = (log: TestLog) => log.line(/^a request failed by a fault of ours$/)

  it('at an upgrade is logged and answered with 500, and ends nothing', async () => {
    const log = new TestLog()
    await using server = await startServer({ logger: log.logger })
    vi.spyOn(server.server.hub, 'live').mockImplementationOnce(broken)
    const upgrade =
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    const answer = await exchange(
      server.port,
      request('GET', `/app/${server.app.key}`, '', upgrade),
    )
    expect(answer).toMatchObject({ status: 500 })
    expect(await logged(log)).toMatchObject({ level: 50, err: { message: 'a part is broken' } })
    await (await server.connect()).expectNothing()
  })

  it('while a connection opens is logged and closes it with 1011, and ends nothing', async () => {
    const log = new TestLog()
    await using server = await startServer({ logger: log.logger })
    vi.spyOn(server.server.hub, 'open').mockImplementationOnce(broken)
    const client = server.dial()
    expect(await client.closed).toMatchObject({ code: 1011 })
    expect(await logged(log)).toMatchObject({ level: 50, err: { message: 'a part is broken' } })
    await (await server.connect()).expectNothing()
  })

  it('while a connection closes is logged, and ends nothing', async () => {
    const log = new TestLog()
    await using server = await startServer({ logger: log.logger })
    const client = await server.connect()
    const { hub } = server.server
    const close = hub.close.bind(hub)
    vi.spyOn(hub, 'close').mockImplementationOnce((connection, lingers) => {
      close(connection, lingers)
      broken()
    })
    await client.close()
    expect(await logged(log)).toMatchObject({ level: 50, err: { message: 'a part is broken' } })
    await (await server.connect()).expectNothing()
  })
})
