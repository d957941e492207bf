import type { App } from '../apps/app.ts'

/** Something that happened on a channel, which the app may want to be told of (Pusher docs, "Webhooks"). */
export type Occurrence =
  | {
      readonly name: 'channel_occupied' | 'channel_vacated' | 'cache_miss'
      readonly channel: string
    }
  | {
      readonly name: 'member_added' | 'member_removed'
      readonly channel: string
      readonly userId: string
    }
  | {
      readonly name: 'client_event'
      readonly channel: string
      readonly event: string
      /** The text that the other subscribers got. */
      readonly data: string
      readonly socketId: string
      /** Of the member who sent it; presence channels only. */
      readonly userId: string | undefined
    }
  | { readonly name: 'subscription_count'; readonly channel: string; readonly count: number }

/** Is told of an occurrence, after it; asked only for what `app.tells`. */
export type Occurred = (app: App, occurrence: Occurrence) => void
