/** Publishes client events: subscribers take turns, and the others in their channel hear it. */
import type { Fleet } from './fleet.ts'
import type { Publication, Published, Publisher } from './publisher.ts'
import type { Channels } from './shape.ts'

export const CLIENT_EVENT = 'client-bench'

export class ClientPublisher implements Publisher {
  readonly #fleet: Fleet
  readonly #channels: Channels
  readonly #senders: number
  #turn = 0

  /** @param senders how many of the connections send, from the first */
  constructor(fleet: Fleet, channels: Channels, senders: number) {
    this.#fleet = fleet
    this.#channels = channels
    this.#senders = Math.min(senders, fleet.peers.length)
  }

  get isFree(): boolean {
    for (let tried = 0; tried < this.#senders; tried += 1) {
      const peer = this.#fleet.peers[this.#turn % this.#senders]
      if (peer?.isOpen === true && peer.isIdle) return true
      this.#turn += 1
    }
    return false
  }

  get sender(): { readonly connection: number; readonly stream: number } {
    const connection = this.#turn % this.#senders
    return { connection, stream: this.#channels.channelOf(connection, 0) }
  }

  publish([publication]: readonly Publication[], published: Published): void {
    const peer = this.#fleet.peers[this.#turn % this.#senders]
    this.#turn += 1
    if (publication === undefined || peer === undefined) throw new TypeError('nothing to publish')
    const { channels, data } = publication
    peer.send(`{"event":"${CLIENT_EVENT}","channel":"${channels[0]}","data":${data}}`)
    published() // nobody answers; a refusal is a pusher:error, and counted as that
  }

  async close(): Promise<void> {}
}
