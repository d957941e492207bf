/** After whatever a test has done to it, a server has to go on serving. */
import { expect } from 'vitest'
import type { TestServer } from './server.ts'

/** Proves that an event still goes from HTTP to a WebSocket. */
export async function expectAlive(server: TestServer): Promise<void> {
  const client = await server.connect()
  await client.subscribe('alive')
  expect(await server.trigger('alive', 'e', 1)).toMatchObject({ status: 200 })
  expect(await client.next()).toEqual({ event: 'e', channel: 'alive', data: 1 })
}
