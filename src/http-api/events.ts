/**
 * POST /events and /batch_events: reads what an app wants published, refuses it whole or publishes
 * it whole.
 *
 * hot path: once per event (test/bench, headline and batch-10). Checked by hand, for the same reason
 * as `protocol/decode.ts`. Nothing awaits between reading and publishing, so that what arrives in
 * one turn of the event loop leaves in one write per socket.
 */
import { isChannelName } from '../../channels/name.ts'
import type { App } from '../apps/app.ts'
import { type Broker, type Soon, whenKnown } from '../broker/broker.ts'
import type { Received } from '../hub/event-measures.ts'
import type { Hub } from '../hub/hub.ts'
import type { Publication } from '../hub/publication.ts'
import { isSocketId } from '../hub/socket-id.ts'
import { isObject, type JsonObject } from '../protocol/json.ts'
import { type Attribute, attributesOf, readInfo } from './attributes.ts'
import { DONE, type HttpResponse, json, refusal } from './exchange.ts'

/** An event that has been read and may be published. */
interface Trigger {
  readonly publication: Publication
  readonly info: readonly Attribute[]
}

/** Where the events go, and when they came. */
interface Post {
  readonly app: App
  readonly hub: Hub
  readonly broker: Broker
  readonly receivedAt: number
}

export function postEvents(body: unknown, post: Post): Soon<HttpResponse> {
  const { app, hub, broker, receivedAt } = post
  const received = { at: receivedAt, weight: 1 }
  const trigger = readTrigger(body, app, 'channels', received)
  if ('text' in trigger) return refusal(trigger.status, trigger.text)
  return after([hub.publish(trigger.publication)], () => {
    if (trigger.info.length === 0) return DONE
    const { channels } = trigger.publication
    return whenKnown(attributesOf(channels, trigger.info, app, broker), (attributes) =>
      json({
        channels: Object.fromEntries(channels.map((name, index) => [name, attributes[index]])),
      }),
    )
  })
}

export function postBatch(body: unknown, post: Post): Soon<HttpResponse> {
  const { app, hub, broker, receivedAt } = post
  const batch = isObject(body) ? body['batch'] : undefined
  const { eventsPerBatch } = app.limits
  if (!Array.isArray(batch)) return refusal(400, 'The body needs "batch", a list of events.')
  if (batch.length > eventsPerBatch) {
    return refusal(
      400,
      `A batch has at most ${eventsPerBatch} events (limits.eventsPerBatch); this one has ${batch.length}.`,
    )
  }
  const triggers: Trigger[] = []
  for (const [index, item] of batch.entries()) {
    // The last stands for all: they came together, and leave within the same turn.
    const isLast = index === batch.length - 1
    const received = isLast ? { at: receivedAt, weight: batch.length } : undefined
    const trigger = readTrigger(item, app, 'channel', received)
    if ('text' in trigger) {
      return refusal(trigger.status, `Event ${index} of the batch: ${trigger.text}`)
    }
    triggers.push(trigger)
  }
  return after(
    triggers.map(({ publication }) => hub.publish(publication)),
    () => {
      if (triggers.every(({ info }) => info.length === 0)) return DONE
      const attributes = triggers.map(({ publication, info }) =>
        whenKnown(attributesOf(publication.channels, info, app, broker), ([own = {}]) => own),
      )
      return attributes.some((own) => own instanceof Promise)
        ? Promise.all(attributes).then((batch) => json({ batch }))
        : json({ batch: attributes })
    },
  )
}

/** Answers at once when every publication was, so that the request stays in its turn. */
function after(
  publications: readonly (Promise<void> | undefined)[],
  respond: () => Soon<HttpResponse>,
): Soon<HttpResponse> {
  const unfinished = publications.filter((publication) => publication !== undefined)
  return unfinished.length === 0 ? respond() : Promise.all(unfinished).then(respond)
}

/** Why an event cannot be published. */
interface Problem {
  readonly status: 400 | 413
  readonly text: string
}

const bad = (text: string): Problem => ({ status: 400, text })

function readTrigger(
  item: unknown,
  app: App,
  form: 'channels' | 'channel',
  received: Received | undefined,
): Trigger | Problem {
  if (!isObject(item)) return bad('An event is a JSON object.')
  const { name, socket_id: socketId } = item
  const { eventNameLength, eventBytes } = app.limits
  if (typeof name !== 'string' || name === '') return bad('An event needs a "name".')
  if (name.length > eventNameLength) {
    return bad(`An event name has at most ${eventNameLength} characters.`)
  }
  const data = readData(item['data'])
  if (typeof data !== 'string') return data
  if (Buffer.byteLength(data) > eventBytes) {
    return {
      status: 413,
      text: `The data of event ${name} is larger than ${eventBytes} bytes (limits.eventBytes). Send less, or an id to fetch the rest by.`,
    }
  }
  const channels = readChannels(item, app, form)
  if ('text' in channels) return channels
  if (socketId !== undefined && socketId !== null && !isSocketIdText(socketId)) {
    return bad('socket_id must have the form 123.456, as the client library gives it.')
  }
  const info = readInfo(item['info'], channels)
  if (typeof info === 'string') return bad(info)
  return {
    info,
    publication: {
      app,
      source: 'http',
      channels,
      event: name,
      data,
      exceptSocketId: socketId ?? undefined,
      received,
    },
  }
}

const isSocketIdText = (value: unknown): value is string =>
  typeof value === 'string' && isSocketId(value)

/** The data as text: SDKs send a string; anything else becomes its JSON. Nothing is no data. */
function readData(data: unknown): string | Problem {
  if (typeof data === 'string') return data
  if (data === undefined || data === null) return bad('An event needs "data", a string of JSON.')
  try {
    return JSON.stringify(data)
  } catch {
    return bad('The data is nested too deeply.') // RangeError: more deeply than the stack
  }
}

/** The channels, each once; `channels` wins over `channel` where both may stand. */
function readChannels(
  item: JsonObject,
  app: App,
  form: 'channels' | 'channel',
): readonly string[] | Problem {
  const given = form === 'channels' ? (item['channels'] ?? item['channel']) : item['channel']
  const list: unknown[] = Array.isArray(given) && form === 'channels' ? given : [given]
  const { channelsPerEvent, channelNameLength } = app.limits
  if (given === undefined || given === null || list.length === 0) {
    return bad(`An event needs "${form}".`)
  }
  if (list.length > channelsPerEvent) {
    return bad(
      `An event goes to at most ${channelsPerEvent} channels (limits.channelsPerEvent); this one names ${list.length}.`,
    )
  }
  const isName = (name: unknown): name is string =>
    typeof name === 'string' && isChannelName(name, channelNameLength)
  if (!list.every(isName)) {
    return bad(
      `A channel name is a string of at most ${channelNameLength} of the characters A-Z a-z 0-9 _ - = @ , . ;`,
    )
  }
  return list.length === 1 ? list : [...new Set(list)]
}
