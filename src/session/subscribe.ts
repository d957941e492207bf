import type { Admission, ChannelKind, Refusal } from '../../channels/kind.ts'
import { kindOf } from '../../channels/kinds.ts'
import { isChannelName } from '../../channels/name.ts'
import type { Connection } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import { countIn } from '../hub/tally.ts'
import { subscriptionError } from '../protocol/encode.ts'
import type { ClientMessage } from '../protocol/messages.ts'

type Subscribe = Extract<ClientMessage, { type: 'subscribe' }>

/** The longest refused name that is repeated to the client. */
const ECHOED_NAME_LENGTH = 1024

/**
 * Subscribes a connection to a channel, or answers `pusher:subscription_error`: the one refusal that
 * Echo's `.error()` sees. A refused request changes nothing.
 */
export function subscribe(message: Subscribe, from: Connection, hub: Hub): void {
  const { channel } = message
  const kind = kindOf(channel)
  const admission = admit(message, from, kind)
  if (!admission.admitted) {
    countIn(from.live.tally.subscribeRefused, admission.refusal.reason)
    from.send(subscriptionError(channel.slice(0, ECHOED_NAME_LENGTH), admission.refusal))
    return
  }
  if (kind.name !== 'public') from.authenticated = true
  hub.subscribe(from, channel, kind, admission.member)
}

function admit(message: Subscribe, from: Connection, kind: ChannelKind): Admission {
  const { channel, auth, channelData } = message
  const { app, live, socketId, user } = from
  const { channelNameLength, subscriptionsPerConnection, presenceMembers } = app.limits
  if (!isChannelName(channel, channelNameLength)) {
    return refuse({
      reason: 'name',
      type: 'InvalidChannel',
      status: 4009,
      message: `A channel name has at most ${channelNameLength} of the characters A-Z a-z 0-9 _ - = @ , . ;`,
    })
  }
  const admission = kind.admit({ socketId, channel, auth, channelData, user }, app)
  if (!admission.admitted) return admission

  const present = live.channels.get(channel)
  if (present !== undefined && from.isIn(present)) return admission
  if (from.channels.length >= subscriptionsPerConnection) {
    return refuse({
      reason: 'limit',
      type: 'LimitReached',
      status: 4301,
      message: `This connection has its ${subscriptionsPerConnection} subscriptions (limits.subscriptionsPerConnection).`,
    })
  }
  const members = present?.presence?.members
  const { member } = admission
  if (
    members !== undefined &&
    member !== undefined &&
    members.count >= presenceMembers &&
    !members.has(member.userId)
  ) {
    return refuse({
      reason: 'full',
      type: 'LimitReached',
      status: 4100,
      message: `The channel has its ${presenceMembers} members (limits.presenceMembers).`,
    })
  }
  return admission
}

const refuse = (refusal: Refusal): Admission => ({ admitted: false, refusal })
