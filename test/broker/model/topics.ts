/** A transport's topics without a transport. */
import type { Fanout, Socket } from '../../../src/hub/socket.ts'

export class Topics implements Fanout {
  readonly #topics = new Map<string, Set<Socket>>()

  subscribe(topic: string, socket: Socket): void {
    const sockets = this.#topics.get(topic) ?? new Set()
    this.#topics.set(topic, sockets.add(socket))
  }

  unsubscribe(topic: string, socket: Socket): void {
    this.#topics.get(topic)?.delete(socket)
  }

  forget(socket: Socket): void {
    for (const sockets of this.#topics.values()) sockets.delete(socket)
  }

  publish(topic: string, text: string): void {
    for (const socket of this.#topics.get(topic) ?? []) socket.send(text)
  }

  numSubscribers(topic: string): number {
    return this.#topics.get(topic)?.size ?? 0
  }
}
