/**
 * The frames Resound sends. `data` is a JSON string in all of them but `pusher:error`,
 * `pusher:subscription_error` and `pusher:signin_success`, where strict clients need an object.
 *
 * Channel names that were admitted hold no character that JSON escapes, so they are placed as they are.
 */
import type { Member, Refusal } from '../../channels/kind.ts'

export const PONG = '{"event":"pusher:pong","data":"{}"}'

/** @param activityTimeout in seconds, never 0: pusher-js refuses that */
export function connectionEstablished(socketId: string, activityTimeout: number): string {
  return `{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"${socketId}\\",\\"activity_timeout\\":${activityTimeout}}"}`
}

export function error(code: number, message: string): string {
  return `{"event":"pusher:error","data":{"code":${code},"message":${JSON.stringify(message)}}}`
}

/** @param channel as the client gave it, allowed or not */
export function subscriptionError(channel: string, { type, message, status }: Refusal): string {
  return `{"event":"pusher:subscription_error","channel":${JSON.stringify(channel)},"data":${JSON.stringify({ type, error: message, status })}}`
}

/** @param data JSON text, already encoded as a JSON string; the roster for presence channels */
export function subscriptionSucceeded(channel: string, data = '"{}"'): string {
  return `{"event":"pusher_internal:subscription_succeeded","channel":"${channel}","data":${data}}`
}

export function cacheMiss(channel: string): string {
  return `{"event":"pusher:cache_miss","channel":"${channel}","data":"{}"}`
}

export function memberAdded(channel: string, { userId, userInfo }: Member): string {
  const data = `{"user_id":${JSON.stringify(userId)},"user_info":${userInfo}}`
  return `{"event":"pusher_internal:member_added","channel":"${channel}","data":${JSON.stringify(data)}}`
}

export function memberRemoved(channel: string, userId: string): string {
  const data = `{"user_id":${JSON.stringify(userId)}}`
  return `{"event":"pusher_internal:member_removed","channel":"${channel}","data":${JSON.stringify(data)}}`
}

export function subscriptionCount(channel: string, count: number): string {
  return `{"event":"pusher_internal:subscription_count","channel":"${channel}","data":"{\\"subscription_count\\":${count}}"}`
}

/** @param userData the text the client sent, unchanged */
export function signinSuccess(userData: string): string {
  return `{"event":"pusher:signin_success","data":${JSON.stringify({ user_data: userData })}}`
}

/** What a watchlist has to tell: who came online, who went offline. */
export function watchlistEvents(
  events: readonly { name: 'online' | 'offline'; userIds: readonly string[] }[],
): string {
  const data = { events: events.map(({ name, userIds }) => ({ name, user_ids: userIds })) }
  return `{"event":"pusher_internal:watchlist_events","data":${JSON.stringify(JSON.stringify(data))}}`
}

/** An event's frame, around the name of the channel it goes to. Built once per publication. */
export interface EventFrame {
  readonly head: string
  readonly tail: string
}

/** @param data the publisher's text, untouched @param userId of the sender, on presence channels */
export function eventFrame(event: string, data: string, userId?: string): EventFrame {
  const sender = userId === undefined ? '' : `,"user_id":${JSON.stringify(userId)}`
  return {
    head: `{"event":${JSON.stringify(event)},"channel":"`,
    tail: `","data":${JSON.stringify(data)}${sender}}`,
  }
}

export function eventOn(channel: string, frame: EventFrame): string {
  return frame.head + channel + frame.tail
}
