/**
 * Everything a client can say, as the types that `decode` produces.
 */
export type ClientMessage =
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  | {
      readonly type: 'subscribe'
      readonly channel: string
      readonly auth: string | undefined
      readonly channelData: string | undefined
    }
  | { readonly type: 'unsubscribe'; readonly channel: string }
  | { readonly type: 'signin'; readonly auth: string; readonly userData: string }
  | {
      readonly type: 'client-event'
      readonly event: string
      readonly channel: string
      /** JSON text or any other string, as the client gave it. */
      readonly data: string
    }
  /** An event name that means nothing here; ignored, so that newer clients can say more. */
  | { readonly type: 'unknown' }
  | { readonly type: 'malformed'; readonly reason: string }
