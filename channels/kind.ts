/**
 * What a kind of channel is: a few facts, and the decision who may subscribe.
 */
import type { Credentials } from './signature.ts'

/** A user in a presence channel. `userInfo` is JSON text, `null` when the app gave none. */
export interface Member {
  readonly userId: string
  readonly userInfo: string
}

/** What one connection asks for when it subscribes, and who it is. */
export interface SubscribeRequest {
  readonly socketId: string
  readonly channel: string
  readonly auth: string | undefined
  /** The text exactly as received: it is what was signed. */
  readonly channelData: string | undefined
  /** The user this connection has signed in as. */
  readonly user: Member | undefined
}

/** The part of an app that decides about subscriptions. */
export interface AdmittingApp extends Credentials {
  readonly limits: { readonly presenceMemberBytes: number }
}

/** Why a subscription was refused: a label for counting, and what the client is told. */
export interface Refusal {
  readonly reason: 'signature' | 'member' | 'member-size' | 'user' | 'name' | 'limit' | 'full'
  readonly type: 'AuthError' | 'LimitReached' | 'InvalidChannel'
  readonly message: string
  /** Sent as `status`; 401 and 403 as an authorisation endpoint would answer, else a Pusher code. */
  readonly status: number
}

export type Admission =
  | { readonly admitted: true; readonly member?: Member }
  | { readonly admitted: false; readonly refusal: Refusal }

export type KindName = 'public' | 'private' | 'encrypted' | 'presence' | 'server-to-user' | 'canary'

export interface ChannelKind {
  readonly name: KindName
  /** Names that start with this are of this kind; the longest prefix wins. */
  readonly prefix: string
  /** Whether clients may send client events to each other. */
  readonly clientEvents: boolean
  /** Whether the last event is kept for later subscribers. */
  readonly cached: boolean
  /** Whether it is the server's own: not counted, not listed, and no webhook tells of it. */
  readonly hidden?: true
  admit(request: SubscribeRequest, app: AdmittingApp): Admission
}
