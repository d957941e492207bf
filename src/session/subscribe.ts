import type { Admission, ChannelKind, Refusal } from '../../channels/kind.ts'
import { kindOf } from '../../channels/kinds.ts'
import { isChannelName } from '../../channels/name.ts'
import { FAILURES } from '../bridge/outcome.ts'
import type { Connection } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import { countIn } from '../hub/tally.ts'
import { subscriptionError } from '../protocol/encode.ts'
import type { ClientMessage } from '../protocol/messages.ts'
import type { AtSubscribe } from './at-subscribe.ts'

type Subscribe = Extract<ClientMessage, { type: 'subscribe' }>

/** The longest refused name that is repeated to the client. */
const ECHOED_NAME_LENGTH = 1024

/**
 * Subscribes a connection to a channel, or answers `pusher:subscription_error`: the one refusal that
 * Echo's `.error()` sees. A refused request changes nothing.
 */
export function subscribe(
  message: Subscribe,
  from: Connection,
  hub: Hub,
  atSubscribe: AtSubscribe,
): void {
  const { channel, auth = '' } = message
  const kind = kindOf(channel)
  const admission = admit(message, from, kind, hub)
  if (!admission.admitted) {
    const isUnsigned = auth === '' && admission.refusal.reason === 'signature'
    if (isUnsigned && kind.name === 'private' && atSubscribe.serves(from)) {
      askLaravel(channel, from, hub, atSubscribe)
    } else {
      sendRefusal(channel, admission.refusal, from, hub)
    }
    return
  }
  if (kind.name !== 'public') from.authenticated = true
  const outcome = hub.subscribe(from, channel, kind, admission.member)
  if (outcome instanceof Promise) {
    outcome
      .then((late) => {
        if (late === 'full') sendRefusal(channel, membership(from), from, hub)
      })
      .catch((fault: unknown) => atSubscribe.failed(fault))
  } else if (outcome === 'full') sendRefusal(channel, membership(from), from, hub)
}

/** What Laravel allows is signed: from there on it is a subscription like any other. */
function askLaravel(channel: string, from: Connection, hub: Hub, atSubscribe: AtSubscribe): void {
  if (isFull(from, atSubscribe.pending(from) + hub.arriving(from))) {
    sendRefusal(channel, fullness(from), from, hub)
    return
  }
  atSubscribe.ask(from, channel, (verdict) => {
    if (verdict.allowed) {
      const { auth, data: channelData } = verdict
      subscribe({ type: 'subscribe', channel, auth, channelData }, from, hub, atSubscribe)
    } else {
      const { status, error } = FAILURES[verdict.outcome]
      const message = verdict.error ?? error
      sendRefusal(channel, { reason: 'signature', type: 'AuthError', status, message }, from, hub)
    }
  })
}

function sendRefusal(channel: string, refusal: Refusal, to: Connection, hub: Hub): void {
  const name = channel.slice(0, ECHOED_NAME_LENGTH)
  countIn(to.live.tally.subscribeRefused, refusal.reason)
  const details = { app: to.app.id, channel: name, socketId: to.socketId }
  hub.observers.refused('subscription', refusal.message, { code: refusal.status, ...details })
  to.send(subscriptionError(name, refusal))
}

const isFull = ({ app, channels }: Connection, pending: number): boolean =>
  channels.length + pending >= app.limits.subscriptionsPerConnection

const fullness = ({ app }: Connection): Refusal => ({
  reason: 'limit',
  type: 'LimitReached',
  status: 4301,
  message: `This connection has its ${app.limits.subscriptionsPerConnection} subscriptions (limits.subscriptionsPerConnection).`,
})

const membership = ({ app }: Connection): Refusal => ({
  reason: 'full',
  type: 'LimitReached',
  status: 4100,
  message: `The channel has its ${app.limits.presenceMembers} members (limits.presenceMembers).`,
})

function admit(message: Subscribe, from: Connection, kind: ChannelKind, hub: Hub): Admission {
  const { channel, auth, channelData } = message
  const { app, live, socketId, user } = from
  const { channelNameLength } = app.limits
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
  return isFull(from, hub.arriving(from)) ? refuse(fullness(from)) : admission
}

const refuse = (refusal: Refusal): Admission => ({ admitted: false, refusal })
