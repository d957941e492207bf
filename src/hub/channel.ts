/**
 * A channel that somebody on this node is subscribed to: how many, and who where that matters.
 * Who they are is known to the transport's topic, which does the sending.
 */
import type { ChannelKind } from '../../channels/kind.ts'
import { Members } from '../../channels/members.ts'
import { Roster } from '../protocol/roster.ts'
import type { Fanout } from './socket.ts'
import type { Tally } from './tally.ts'

export class Channel {
  readonly name: string
  readonly kind: ChannelKind
  readonly topic: string
  /** Subscribed connections. */
  count = 0
  /** Whether the app was told that nothing is remembered here, and has not published since. */
  isMissTold = false
  /** Who is present; presence channels only. */
  readonly presence: { readonly members: Members; readonly roster: Roster } | undefined

  readonly #tally: Tally

  constructor(name: string, kind: ChannelKind, topic: string, tally: Tally) {
    this.name = name
    this.kind = kind
    this.topic = topic
    this.#tally = tally
    this.presence =
      kind.name === 'presence' ? { members: new Members(), roster: new Roster() } : undefined
  }

  /** Sends to all in the topic. @param receivers how many those are, where it is not `count` */
  send(fanout: Fanout, text: string, receivers = this.count): void {
    fanout.publish(this.topic, text)
    this.#tally.sent(text, receivers)
  }
}
