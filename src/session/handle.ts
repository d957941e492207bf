import type { Clock } from '../clock.ts'
import type { Connection } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import { NOTICE } from '../protocol/codes.ts'
import * as encode from '../protocol/encode.ts'
import type { ClientMessage } from '../protocol/messages.ts'
import type { AtSubscribe } from './at-subscribe.ts'
import { relay } from './client-event.ts'
import { signIn } from './signin.ts'
import { subscribe } from './subscribe.ts'

export interface HandlingParts {
  readonly hub: Hub
  readonly clock: Clock
  readonly atSubscribe: AtSubscribe
}

/** Does what a client asked for, or tells it why not. */
export function handle(message: ClientMessage, from: Connection, parts: HandlingParts): void {
  const { hub, clock, atSubscribe } = parts
  switch (message.type) {
    case 'ping':
      from.send(encode.PONG)
      return
    case 'subscribe':
      subscribe(message, from, hub, atSubscribe)
      return
    case 'unsubscribe':
      atSubscribe.withdraw(from, message.channel)
      hub.unsubscribe(from, message.channel)
      return
    case 'client-event':
      relay(message, from, hub, clock)
      return
    case 'signin':
      signIn(message, from, hub)
      return
    case 'malformed':
      refuseMessage(from, message.reason, hub)
      return
    case 'pong': // that it came is all it says
    case 'unknown':
      return
  }
}

/** What a client said is not understood, and it is told why. */
export function refuseMessage(from: Connection, reason: string, hub: Hub): void {
  const { app, live, socketId } = from
  const code = NOTICE.MALFORMED_MESSAGE
  live.tally.malformed += 1
  hub.observers.refused('message', reason, { code, app: app.id, socketId })
  from.send(encode.error(code, reason))
}
