/**
 * The Laravel apps that are heard over Redis: one listener per Redis, which delivers to this node.
 * Every node listens for itself, so nothing heard here goes to the broker.
 */
import type { Logger } from 'pino'
import { kindOf } from '../../channels/kinds.ts'
import type { AppSource } from '../apps/app-source.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import type { Hub } from '../hub/hub.ts'
import { countIn } from '../hub/tally.ts'
import { type LaravelApp, type LaravelSink, RedisListener } from './redis-listener.ts'

export class LaravelSources {
  readonly #parts: {
    readonly apps: AppSource
    readonly hub: Hub
    readonly log: Logger
    readonly clock: Clock
  }
  /** By the Redis's URL. */
  readonly #listeners = new Map<string, RedisListener>()
  readonly #stopping = new Set<Promise<void>>()

  constructor(parts: { apps: AppSource; hub: Hub; log: Logger; clock: Clock }) {
    this.#parts = parts
  }

  /** Starts, changes and stops listeners so that they are what the apps ask for. @param redis the server's own */
  listen(redis: Config['redis']): void {
    const wanted = appsByUrl(this.#parts.apps, redis)
    for (const url of this.#listeners.keys()) {
      if (!wanted.has(url)) this.#stop(url)
    }
    for (const [url, apps] of wanted) {
      const present = this.#listeners.get(url)
      if (present === undefined) this.#start(url, apps)
      else present.listenTo(apps)
    }
  }

  /** Whether every Redis that is listened to answers. */
  get isUp(): boolean {
    return [...this.states()].every(({ isUp }) => isUp)
  }

  *states(): IterableIterator<RedisListener['state']> {
    for (const listener of this.#listeners.values()) yield listener.state
  }

  /** Stops every listener; resolves when their connections are closed. */
  async stop(): Promise<void> {
    for (const url of this.#listeners.keys()) this.#stop(url)
    await Promise.all(this.#stopping)
  }

  #start(url: string, apps: readonly LaravelApp[]): void {
    const { log, clock } = this.#parts
    const listener = new RedisListener({ url, apps, sink: this.#sink(), log, clock })
    this.#listeners.set(url, listener)
    listener.start()
  }

  #stop(url: string): void {
    const listener = this.#listeners.get(url)
    if (listener === undefined) return
    this.#listeners.delete(url)
    const stopped = listener.stop().finally(() => this.#stopping.delete(stopped))
    this.#stopping.add(stopped)
  }

  #sink(): LaravelSink {
    const { apps, hub } = this.#parts
    return {
      wants: (appId, channel) => {
        const app = apps.byId(appId)
        if (app === undefined || !app.settings.enabled) return false
        const { channels, tally } = hub.live(app)
        if (channels.has(channel) || kindOf(channel).cached) return true
        tally.received.redis += 1 // what the hub counts of those that are delivered
        tally.unheard += 1
        return false
      },
      deliver: ({ appId, channel, event, data, exceptSocketId }) => {
        const app = apps.byId(appId)
        if (app === undefined) return
        hub.deliver({ app, source: 'redis', channels: [channel], event, data, exceptSocketId })
      },
      ignored: (appId, reason) => {
        const app = apps.byId(appId)
        if (app !== undefined) countIn(hub.live(app).tally.redisIgnored, reason)
      },
    }
  }
}

function appsByUrl(apps: AppSource, redis: Config['redis']): Map<string, LaravelApp[]> {
  const byUrl = new Map<string, LaravelApp[]>()
  for (const { id, limits, settings } of apps.all()) {
    const { laravel } = settings
    const url = laravel.redisUrl ?? redis.url
    if (laravel.redisPrefix === undefined || url === undefined) continue
    const app = { appId: id, prefix: laravel.redisPrefix, limits }
    byUrl.set(url, [...(byUrl.get(url) ?? []), app])
  }
  return byUrl
}
