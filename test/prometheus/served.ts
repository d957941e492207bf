/** Servers of which each has a fault of its own, or can be given one, and one that has none. */
import { StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { signedPath } from '../support/server.ts'

export const SECRET = 'hidden-secret'

/** A started server with one app, which has the server's name for its id. */
export class Served implements AsyncDisposable {
  readonly name: string
  readonly server: StartedServer
  readonly #directory: Directory

  private constructor(name: string, server: StartedServer, directory: Directory) {
    this.name = name
    this.server = server
    this.#directory = directory
  }

  /** @param app options of the app @param more options of the server */
  static async start(
    name: string,
    app: object = {},
    more: object = {},
    surroundings: { readonly openFiles?: number } = {},
  ): Promise<Served> {
    const apps = [{ id: name, key: 'key', secret: SECRET, ...app }]
    const directory = new Directory({ 'resound.json': { apps, ...more } })
    const file = directory.file('resound.json')
    const server = await StartedServer.start(['--config', file], surroundings)
    return new Served(name, server, directory)
  }

  get port(): number {
    return this.server.port
  }

  /** Where Prometheus finds it. */
  get target(): string {
    return this.server.admin.replace('http://', '')
  }

  /** Publishes an event. @returns the status */
  async publish(channel: string, data = '1', secret = SECRET): Promise<number> {
    const body = JSON.stringify({ name: 'e', channel, data })
    const path = signedPath({ key: 'key', secret }, 'POST', `/apps/${this.name}/events`, body)
    return (await fetch(`http://127.0.0.1:${this.port}${path}`, { method: 'POST', body })).status
  }

  /** Asks the authorisation bridge. */
  async askBridge(socketId: string): Promise<number> {
    const body = new URLSearchParams({ socket_id: socketId, channel_name: 'private-a' })
    const url = `http://127.0.0.1:${this.port}/apps/${this.name}/auth`
    return (await fetch(url, { method: 'POST', body })).status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    this.#directory[Symbol.dispose]()
  }
}
