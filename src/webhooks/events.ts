/**
 * What a webhook carries, as JSON text (Pusher docs, "Webhooks"). Every event names its channel: the
 * PHP SDK reads it of each.
 */
import type { Occurrence } from '../hub/occurrence.ts'

/** One event. `data` of a client event is a string, as hosted Pusher sends it. */
export function eventText(occurrence: Occurrence): string {
  const { name, channel } = occurrence
  switch (occurrence.name) {
    case 'channel_occupied':
    case 'channel_vacated':
    case 'cache_miss':
      return JSON.stringify({ name, channel })
    case 'member_added':
    case 'member_removed':
      return JSON.stringify({ name, channel, user_id: occurrence.userId })
    case 'client_event': {
      const { event, data, socketId, userId } = occurrence
      return JSON.stringify({ name, channel, event, data, socket_id: socketId, user_id: userId })
    }
    case 'subscription_count':
      return JSON.stringify({ name, channel, subscription_count: occurrence.count })
  }
}

/** The body of a request. @param events the texts of its events, joined by commas */
export const bodyOf = (timeMilliseconds: number, events: string): string =>
  `{"time_ms":${timeMilliseconds},"events":[${events}]}`
