import { describe, expect, it } from 'vitest'
import { parse } from '../support/client.ts'
import { ManualClock } from '../support/clock.ts'
import { startServer } from '../support/server.ts'

describe('opening a connection', () => {
  it('begins with connection_established, its data a JSON string', async () => {
    await using server = await startServer()
    const client = server.dial()
    const text = await client.nextText()
    expect(text).toMatch(
      /^\{"event":"pusher:connection_established","data":"\{\\"socket_id\\":\\"\d+\.\d+\\",\\"activity_timeout\\":120\}"\}$/,
    )
  })
})
