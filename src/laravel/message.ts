/**
 * One message of Laravel's `redis` broadcast driver, read into an event.
 *
 * The driver publishes `{"event": "...", "data": {..., "socket": ...}, "socket": ...}`
 * (Illuminate\Broadcasting\Broadcasters\RedisBroadcaster). What comes out is what the `pusher` driver
 * sends for the same event, byte for byte: `data` as JSON text, without the socket id that Laravel
 * leaves in it. Pure; whom to tell, and whether anybody listens, is the caller's to know.
 */
import { isUtf8 } from 'node:buffer'
import { encryptedChannel } from '../../channels/encrypted.ts'
import { isChannelName } from '../../channels/name.ts'
import { isSocketId } from '../hub/socket-id.ts'
import { readObject, skipSpace } from './object-text.ts'

/** Why a message is dropped; a metric's label. */
export type IgnoredReason =
  | 'channel_name'
  | 'encrypted'
  | 'event_name'
  | 'malformed'
  | 'reserved_event'
  | 'too_large'

/** Bounds on what a publisher controls: characters for names, bytes for an event's data. */
export interface MessageLimits {
  readonly channelNameLength: number
  readonly eventNameLength: number
  readonly eventBytes: number
}

export type LaravelMessage =
  | {
      readonly ok: true
      readonly event: string
      /** JSON text. */
      readonly data: string
      readonly exceptSocketId: string | undefined
    }
  | { readonly ok: false; readonly reason: IgnoredReason }

/** What surrounds an event's name and data in a message: member names and two socket ids. */
const ENVELOPE_BYTES = 512
/** Of one character in JSON: `\u00e9`. */
const ESCAPED_BYTES = 6

const RESERVED_EVENT = /^(?:client-|pusher:|pusher_internal:)/

/**
 * Why nothing published to a channel is delivered, if so. Names with `#` belong to the server, and
 * the driver does not encrypt what it publishes to an encrypted channel.
 * @param channel without the app's prefix
 */
export function refusalOf(
  channel: string,
  { channelNameLength }: MessageLimits,
): 'channel_name' | 'encrypted' | undefined {
  if (channel.startsWith('#') || !isChannelName(channel, channelNameLength)) return 'channel_name'
  return channel.startsWith(encryptedChannel.prefix) ? 'encrypted' : undefined
}

// hot path: once per event from Laravel that somebody hears (test/bench, redis-1 and redis-sat).
/** Reads what was published to an allowed channel. */
export function decodeMessage(payload: Buffer, limits: MessageLimits): LaravelMessage {
  const { eventNameLength, eventBytes } = limits
  if (payload.length > eventBytes + eventNameLength * ESCAPED_BYTES + ENVELOPE_BYTES) {
    return { ok: false, reason: 'too_large' }
  }
  const json = isUtf8(payload) ? payload.toString() : ''
  const message = parse(json)
  if (message === undefined || typeof message['event'] !== 'string') {
    return { ok: false, reason: 'malformed' }
  }
  const { event, socket } = message
  if (event === '' || event.length > eventNameLength) return { ok: false, reason: 'event_name' }
  if (RESERVED_EVENT.test(event)) return { ok: false, reason: 'reserved_event' }
  const data = dataOf(json)
  if (data === undefined) return { ok: false, reason: 'malformed' }
  if (Buffer.byteLength(data) > eventBytes) return { ok: false, reason: 'too_large' }
  // Not an error: some browsers send the text `undefined` while they are not connected yet.
  const exceptSocketId = typeof socket === 'string' && isSocketId(socket) ? socket : undefined
  return { ok: true, event, data, exceptSocketId }
}

function parse(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Record<string, unknown>
  } catch {
    return undefined // Somebody else's message: any publisher on this Redis may be heard.
  }
}

/** The event's data as the `pusher` driver would send it; undefined when the message has none. */
function dataOf(message: string): string | undefined {
  const { members } = readObject(message, skipSpace(message, 0), 2)
  const data = members.findLast(({ key }) => key === 'data') // as JSON.parse does, the last one wins
  if (data === undefined) return undefined
  const rest = data.object?.members.filter(({ key }) => key !== 'socket')
  if (rest === undefined || rest.length === data.object?.members.length) {
    return message.slice(data.valueStart, data.end)
  }
  // What is left of a PHP array is a list when its keys count up from 0; an empty one is too.
  return rest.every(({ key }, index) => key === String(index))
    ? `[${rest.map(({ valueStart, end }) => message.slice(valueStart, end)).join()}]`
    : `{${rest.map(({ start, end }) => message.slice(start, end)).join()}}`
}
