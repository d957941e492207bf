/**
 * From a client's text frame to a `ClientMessage`. Never throws: what cannot be understood is
 * `malformed`, with a reason that can be told to the client.
 *
 * hot path: once per frame in (test/bench, sub-public and client-10). Checked by hand, since a
 * schema library costs more than everything else a subscription does.
 */
import { isObject, type JsonObject } from './json.ts'
import type { ClientMessage } from './messages.ts'

const PING: ClientMessage = { type: 'ping' }
const PONG: ClientMessage = { type: 'pong' }
const UNKNOWN: ClientMessage = { type: 'unknown' }

const malformed = (reason: string): ClientMessage => ({ type: 'malformed', reason })

/** The ping that pusher-js sends, letter for letter: worth recognising without parsing. */
const PUSHER_JS_PING = '{"event":"pusher:ping","data":{}}'

export function decode(text: string): ClientMessage {
  if (text === PUSHER_JS_PING) return PING
  const frame = parse(text)
  if (!isObject(frame)) return malformed('A message is a JSON object.')
  const { event } = frame
  if (typeof event !== 'string') return malformed('A message has a string "event".')
  switch (event) {
    case 'pusher:ping':
      return PING
    case 'pusher:pong':
      return PONG
    case 'pusher:subscribe':
      return subscribe(dataOf(frame))
    case 'pusher:unsubscribe':
      return unsubscribe(dataOf(frame))
    case 'pusher:signin':
      return signin(dataOf(frame))
    default:
      return event.startsWith('client-') ? clientEvent(event, frame) : UNKNOWN
  }
}

const isOptionalString = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === 'string'

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // no JSON value is undefined, so this cannot be mistaken for one
  }
}

/** The `data` of a protocol event: an object, or JSON text of one as some clients send it. */
function dataOf(frame: JsonObject): JsonObject {
  const data = typeof frame['data'] === 'string' ? parse(frame['data']) : frame['data']
  return isObject(data) ? data : {}
}

function subscribe(data: JsonObject): ClientMessage {
  const { channel, auth, channel_data: channelData } = withoutNulls(data)
  if (typeof channel !== 'string') return malformed('pusher:subscribe needs a string "channel".')
  if (!isOptionalString(auth)) return malformed('pusher:subscribe takes "auth" as a string.')
  if (!isOptionalString(channelData)) {
    return malformed('pusher:subscribe takes "channel_data" as JSON text, not as an object.')
  }
  return { type: 'subscribe', channel, auth, channelData }
}

function unsubscribe({ channel }: JsonObject): ClientMessage {
  if (typeof channel !== 'string') return malformed('pusher:unsubscribe needs a string "channel".')
  return { type: 'unsubscribe', channel }
}

function signin({ auth, user_data: userData }: JsonObject): ClientMessage {
  if (typeof auth !== 'string' || typeof userData !== 'string') {
    return malformed('pusher:signin needs "auth" and "user_data" as strings.')
  }
  return { type: 'signin', auth, userData }
}

function clientEvent(event: string, frame: JsonObject): ClientMessage {
  const { channel, data } = frame
  if (typeof channel !== 'string') return malformed('A client event needs a string "channel".')
  if (typeof data === 'string') return { type: 'client-event', event, channel, data }
  try {
    return { type: 'client-event', event, channel, data: JSON.stringify(data ?? null) }
  } catch {
    return malformed('The data of this client event is nested too deeply.') // RangeError: the stack
  }
}

/** Clients in typed languages send `null` for what they do not have. */
function withoutNulls(data: JsonObject): JsonObject {
  return data['auth'] === null || data['channel_data'] === null
    ? {
        channel: data['channel'],
        auth: data['auth'] ?? undefined,
        channel_data: data['channel_data'] ?? undefined,
      }
    : data
}
