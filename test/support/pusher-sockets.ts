/** Many plain connections to a started server, and how they end. */
import { once } from 'node:events'
import { WebSocket } from 'ws'

/** The app of servers that are started with these variables. */
export const STARTED_APP = {
  RESOUND_APP_ID: '1',
  RESOUND_APP_KEY: 'key',
  RESOUND_APP_SECRET: 'hidden-secret',
} as const

/** The first frame that a connection gets. */
export async function greeting(
  port: number,
  key = 'key',
): Promise<{ event: string; data: unknown }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/app/${key}?protocol=7`)
  const [message] = await once(socket, 'message')
  socket.terminate()
  return JSON.parse(String(message))
}

export class Sockets implements Disposable {
  /** The codes that connections were closed with, in order. */
  readonly codes: number[] = []
  /** Resolves when all are closed. */
  readonly closed: Promise<unknown>
  readonly #sockets: readonly WebSocket[]

  private constructor(sockets: readonly WebSocket[]) {
    this.#sockets = sockets
    const ends = sockets.map(async (socket) => {
      this.codes.push(Number((await once(socket, 'close'))[0]))
    })
    this.closed = Promise.all(ends)
  }

  /** Resolves when each has been told something: as a rule, that it is established. */
  static async open(port: number, count: number, key = 'key'): Promise<Sockets> {
    const sockets = Array.from(
      { length: count },
      () => new WebSocket(`ws://127.0.0.1:${port}/app/${key}?protocol=7`),
    )
    await Promise.all(sockets.map((socket) => once(socket, 'message')))
    return new Sockets(sockets)
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.terminate()
  }
}
