/** Where hostile input is tried: a server, and somebody on it who must not notice. */
import { expect } from 'vitest'
import type { TestClient } from './client.ts'
import { RawSocket } from './raw-socket.ts'
import { startServer, type TestServer } from './server.ts'

/** Leaving the scene asserts that the bystander still receives, and that nothing else is left. */
export class Scene implements AsyncDisposable {
  readonly server: TestServer
  readonly bystander: TestClient

  private constructor(server: TestServer, bystander: TestClient) {
    this.server = server
    this.bystander = bystander
  }

  static async set(): Promise<Scene> {
    const server = await startServer({ app: { clientEvents: true } })
    const bystander = await server.connect()
    await bystander.subscribe('presence-a', { user_id: 'ann' })
    return new Scene(server, bystander)
  }

  /** An established connection that can send any bytes. */
  async attacker(): Promise<RawSocket> {
    const socket = await RawSocket.open(this.server.port, `/app/${this.server.app.key}`)
    await socket.next()
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using server = this.server
    await this.bystander.expectNothing()
    await server.trigger('presence-a', 'e', { n: 1 })
    expect(await this.bystander.next()).toEqual({
      event: 'e',
      channel: 'presence-a',
      data: { n: 1 },
    })
  }
}
