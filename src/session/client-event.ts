import { kindOf } from '../../channels/kinds.ts'
import type { Clock } from '../clock.ts'
import type { Connection } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import { countIn } from '../hub/tally.ts'
import { NOTICE } from '../protocol/codes.ts'
import { error } from '../protocol/encode.ts'
import type { ClientMessage } from '../protocol/messages.ts'

type ClientEvent = Extract<ClientMessage, { type: 'client-event' }>

interface Rejected {
  readonly reason: 'disabled' | 'kind' | 'not-subscribed' | 'name' | 'size' | 'rate'
  readonly message: string
}

/** Sends a client's event on to the channel's other subscribers, or answers `pusher:error` 4301. */
export function relay(message: ClientEvent, from: Connection, hub: Hub, clock: Clock): void {
  const rejected = rejection(message, from, clock)
  if (rejected !== undefined) {
    const code = NOTICE.CLIENT_EVENT_REJECTED
    const { app, live, socketId } = from
    countIn(live.tally.clientEventRefused, rejected.reason)
    const details = { code, app: app.id, channel: message.channel, socketId }
    hub.observers.refused('client-event', rejected.message, details)
    from.send(error(code, rejected.message))
    return
  }
  const received = hub.measures.receive()
  const { channel, event, data } = message
  const { socketId, live } = from
  const userId = live.channels.get(channel)?.presence?.members.memberOf(socketId)?.userId
  const done = hub.publish({
    app: live.app,
    source: 'client',
    channels: [channel],
    event,
    data,
    exceptSocketId: socketId,
    received,
    ...(userId === undefined ? {} : { userId }),
  })
  // A client event is not acknowledged, so there is nobody to tell when another node missed it.
  done?.catch(() => countIn(live.tally.clientEventRefused, 'broker'))
}

function rejection(message: ClientEvent, from: Connection, clock: Clock): Rejected | undefined {
  const { settings, limits } = from.app
  const { channel: name, event, data } = message
  if (!settings.clientEvents) {
    return {
      reason: 'disabled',
      message: 'The app does not have client events enabled (clientEvents).',
    }
  }
  const channel = from.live.channels.get(name)
  if (channel === undefined || !from.isIn(channel)) {
    return { reason: 'not-subscribed', message: 'The connection is not subscribed to the channel.' }
  }
  if (!kindOf(name).clientEvents) {
    return {
      reason: 'kind',
      message: 'Client events are for private and presence channels, and not for encrypted ones.',
    }
  }
  if (event.length > limits.eventNameLength) {
    return {
      reason: 'name',
      message: `The event name is longer than ${limits.eventNameLength} characters.`,
    }
  }
  if (Buffer.byteLength(data) > limits.clientEventBytes) {
    return {
      reason: 'size',
      message: `The data of a client event is larger than ${limits.clientEventBytes} bytes.`,
    }
  }
  if (isTooFast(from, limits.clientEventsPerSecond, clock)) {
    return {
      reason: 'rate',
      message: `More than ${limits.clientEventsPerSecond} client events in a second.`,
    }
  }
  return undefined
}

function isTooFast(from: Connection, perSecond: number, clock: Clock): boolean {
  if (perSecond === 0) return false
  const second = Math.floor(clock.now() / 1000)
  if (from.clientEventSecond !== second) {
    from.clientEventSecond = second
    from.clientEvents = 0
  }
  from.clientEvents += 1
  return from.clientEvents > perSecond
}
