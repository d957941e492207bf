/**
 * A channel that somebody on this node is subscribed to: how many, and who where that matters.
 * Who they are is known to the transport's topic, which does the sending.
 */
import type { ChannelKind } from '../../channels/kind.ts'
import { Members } from '../../channels/members.ts'
import { Roster } from '../protocol/roster.ts'

export class Channel {
  readonly name: string
  readonly kind: ChannelKind
  readonly topic: string
  /** Subscribed connections. */
  count = 0
  /** Who is present; presence channels only. */
  readonly presence: { readonly members: Members; readonly roster: Roster } | undefined

  constructor(name: string, kind: ChannelKind, topic: string) {
    this.name = name
    this.kind = kind
    this.topic = topic
    this.presence =
      kind.name === 'presence' ? { members: new Members(), roster: new Roster() } : undefined
  }
}
