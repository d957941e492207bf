/**
 * A client as the model follows it: what it has been told, frame by frame, and whether that can be true.
 */
import { Connection, type User } from '../../../src/hub/connection.ts'
import type { LiveApp } from '../../../src/hub/live-app.ts'
import type { Topics } from './topics.ts'

/** What the history wants to know of a client's view. */
export interface Watcher {
  readonly removed: (client: ModelClient, channel: string, userId: string) => void
  readonly wrong: (what: string) => void
}

export class ModelClient {
  readonly connection: Connection
  readonly userId: string
  /** The presence channels that it has asked to be in and not left, and since when it is in them. */
  readonly wanted = new Map<string, number | undefined>()
  /** Whom it has been told of, by channel. */
  readonly views = new Map<string, Set<string>>()
  /** Whom of its watchlist it has been told to be online; undefined before it was told anything. */
  online: Set<string> | undefined
  readonly subscribed = new Set<string>()
  isSignedIn = false
  readonly #watcher: Watcher

  constructor(live: LiveApp, socketId: string, userId: string, topics: Topics, watcher: Watcher) {
    this.userId = userId
    this.#watcher = watcher
    this.connection = new Connection(live, socketId)
    const socket = {
      send: (text: string) => this.#receive(text),
      end: () => {},
      ping: () => {},
      getBufferedAmount: () => 0,
      subscribe: (topic: string) => topics.subscribe(topic, socket),
      unsubscribe: (topic: string) => topics.unsubscribe(topic, socket),
      publish: () => {},
    }
    this.connection.attach(socket)
    this.detach = () => {
      this.connection.detach()
      topics.forget(socket)
    }
  }

  /** Its socket is gone. */
  readonly detach: () => void

  get user(): User {
    const watchlist = ['0', '1', '2', '3'].map((digit) => `user-${digit}`)
    return { userId: this.userId, userInfo: 'null', watchlist }
  }

  #receive(text: string): void {
    const { event, channel, data } = JSON.parse(text)
    switch (event) {
      case 'pusher_internal:subscription_succeeded':
        if (!channel.startsWith('presence-')) return
        this.views.set(channel, new Set(JSON.parse(data).presence.ids))
        if (this.wanted.has(channel)) this.wanted.set(channel, Date.now())
        return
      case 'pusher_internal:member_added':
        this.#added(channel, JSON.parse(data).user_id)
        return
      case 'pusher_internal:member_removed':
        this.#removed(channel, JSON.parse(data).user_id)
        return
      case 'pusher_internal:watchlist_events':
        for (const { name, user_ids } of JSON.parse(data).events) {
          for (const userId of user_ids) this.#watched(name, userId)
        }
    }
  }

  #added(channel: string, userId: string): void {
    const view = this.views.get(channel)
    if (view === undefined) this.#watcher.wrong(`member_added before the list of ${channel}`)
    else if (view.has(userId)) this.#watcher.wrong(`second member_added of ${userId} in ${channel}`)
    view?.add(userId)
  }

  #removed(channel: string, userId: string): void {
    const isKnown = this.views.get(channel)?.delete(userId)
    if (isKnown !== true) {
      this.#watcher.wrong(`member_removed of ${userId} in ${channel}, whom nobody added`)
    }
    this.#watcher.removed(this, channel, userId)
  }

  #watched(name: 'online' | 'offline', userId: string): void {
    this.online ??= new Set()
    if (name === 'online') this.online.add(userId)
    else this.online.delete(userId)
  }
}
