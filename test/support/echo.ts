/** Echo in Node, set up as the README says, for one page of a Laravel application. */
import Echo, { type Channel } from 'laravel-echo'
import Pusher from 'pusher-js'
import { Inbox } from './inbox.ts'
import type { Laravel, Person } from './laravel.ts'
import { type Broadcaster, type EchoSetup, echoOptions } from './snippets.ts'

/** A page that is connected. Disposing of it is closing the tab. */
export interface Page extends Disposable {
  readonly echo: Echo<Broadcaster>
  readonly pusher: Pusher.default
  readonly socketId: string
}

export interface PageOptions {
  readonly setup: EchoSetup
  /** The `.env` that the page is built with. */
  readonly env: string
  /** Where it asks whether it may subscribe: the URL before `/auth` and `/user-auth`. */
  readonly endpoint: string
}

/**
 * Opens a page of the application and connects it.
 *
 * Node has neither an origin nor cookies, so the endpoints have an absolute URL, and the person's
 * token takes the place of a session. All else is the README's.
 */
export async function openPage(
  { setup, env, endpoint }: PageOptions,
  laravel: Laravel,
  person?: Person,
): Promise<Page> {
  const headers: Record<string, string> =
    person === undefined ? {} : { Authorization: `Bearer ${await laravel.token(person)}` }
  const options = Object.assign(await echoOptions(setup, env), {
    Pusher,
    authEndpoint: `${endpoint}/auth`,
    auth: { headers },
    userAuthentication: { endpoint: `${endpoint}/user-auth`, headers },
  })
  const echo = new Echo<Broadcaster>(options)
  const { pusher } = echo.connector
  const socketId = await new Promise<string>((resolve, reject) => {
    pusher.connection.bind('connected', () => resolve(pusher.connection.socket_id))
    pusher.connection.bind('unavailable', () => reject(new Error('the page cannot connect')))
    pusher.connection.bind('failed', () => reject(new Error('the page cannot connect')))
  })
  return { echo, pusher, socketId, [Symbol.dispose]: () => echo.disconnect() }
}

/** Resolves once the server has let the page in; rejects with what `.error()` is given. */
export function subscribed(channel: Channel): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.subscribed(resolve).error(reject)
  })
}

/** What Echo's `.listen()` is given, event by event. */
export function listen(channel: Channel, event: string): Inbox {
  const inbox = new Inbox()
  channel.listen(event, inbox.push)
  return inbox
}
