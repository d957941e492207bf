/**
 * The bounds on whatever a client or a publisher controls: server-wide, and as an app may set them.
 */
import { z } from 'zod'
import { count, KIBIBYTE, MEBIBYTE } from './shapes.ts'

/** The bounds on whatever a client or a publisher controls, without their defaults. */
const bounds = {
  channelNameLength: count(1, 1024).describe(
    'Longest channel name, in characters, prefix included.',
  ),
  eventNameLength: count(1, 1024).describe('Longest event name, in characters.'),
  eventBytes: count(1, 16 * MEBIBYTE).describe(
    "Most bytes in one event's data, over HTTP and Redis.",
  ),
  channelsPerEvent: count(1, 10_000).describe('Most channels one event may name.'),
  eventsPerBatch: count(1, 10_000).describe('Most events in one batch request.'),
  presenceMembers: count(1, 1_000_000).describe(
    'Most users in one presence channel. A user who is already in it can always open another connection.',
  ),
  presenceMemberBytes: count(16, MEBIBYTE).describe("Most bytes in one member's channel_data."),
  clientEventsPerSecond: count(0, 1_000_000).describe(
    'Most client events per second from one connection. 0 means no limit.',
  ),
  clientEventBytes: count(1, 16 * MEBIBYTE).describe("Most bytes in one client event's data."),
  subscriptionsPerConnection: count(1, 1_000_000).describe(
    'Most channels one connection may be subscribed to.',
  ),
}

/** Bounds on whatever a client or a publisher controls. */
export const Limits = z.strictObject({
  channelNameLength: bounds.channelNameLength.default(200),
  eventNameLength: bounds.eventNameLength.default(200),
  eventBytes: bounds.eventBytes.default(102_400),
  channelsPerEvent: bounds.channelsPerEvent.default(100),
  eventsPerBatch: bounds.eventsPerBatch.default(10),
  presenceMembers: bounds.presenceMembers.default(100),
  presenceMemberBytes: bounds.presenceMemberBytes.default(2048),
  clientEventsPerSecond: bounds.clientEventsPerSecond.default(10),
  clientEventBytes: bounds.clientEventBytes.default(10_240),
  messageBytes: count(256, 64 * MEBIBYTE)
    .default(65_536)
    .describe('Largest WebSocket message a client may send, in bytes.'),
  subscriptionsPerConnection: bounds.subscriptionsPerConnection.default(1000),
  backpressureBytes: count(16 * KIBIBYTE, 1024 * MEBIBYTE)
    .default(MEBIBYTE)
    .describe('Most bytes waiting for a slow reader before its connection is closed.'),
})
export type Limits = z.infer<typeof Limits>

/** The limits an app may set for itself; those of the socket belong to the server. */
export const AppLimits = z.strictObject(bounds).partial()
export type AppLimits = z.infer<typeof AppLimits>
