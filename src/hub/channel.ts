/**
 * A channel that somebody on this node is subscribed to: how many, and who where that matters.
 * Who they are is known to the transport's topic, which does the sending.
 */
import type { ChannelKind } from '../../channels/kind.ts'
import { Members } from '../../channels/members.ts'
import type { Attendance } from '../broker/broker.ts'
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
  /** How many events it has been given to remember. */
  remembered = 0
  /** Subscribers that wait for what it remembers, which comes before a count. */
  recalling = 0
  /** The count to tell them after it. */
  untoldCount: number | undefined
  /** Presence channels only: whose the connections here are, and who is present on all nodes. */
  readonly presence: { readonly members: Members; readonly attendance: Attendance } | undefined

  readonly #tally: Tally

  /** @param attendance of a presence channel */
  constructor(
    name: string,
    kind: ChannelKind,
    topic: string,
    tally: Tally,
    attendance?: Attendance,
  ) {
    this.name = name
    this.kind = kind
    this.topic = topic
    this.#tally = tally
    this.presence = attendance === undefined ? undefined : { members: new Members(), attendance }
  }

  /** Sends to all in the topic. @param receivers how many those are, where it is not `count` */
  send(fanout: Fanout, text: string, receivers = this.count): void {
    fanout.publish(this.topic, text)
    this.#tally.sent(text, receivers)
  }
}
