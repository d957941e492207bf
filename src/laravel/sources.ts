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
import { isConfigured, keyOfRedis, type RedisTarget, redisOf } from '../redis/target.ts'
import { type LaravelApp, type LaravelSink, RedisListener } from './redis-listener.ts'

export interface LostCounts {
  /** Time in which messages were lost. */
  readonly lostSeconds: number
  /** How often a Redis was back after it had been away. */
  readonly reconnects: number
}

export class LaravelSources {
  readonly #parts: {
    readonly apps: AppSource
    readonly hub: Hub
    readonly log: Logger
    readonly clock: Clock
  }
  /** By the Redis's key. */
  readonly #listeners = new Map<string, RedisListener>()
  readonly #stopping = new Set<Promise<void>>()
  /** What was counted by listeners that are gone; undefined before there was any. */
  #gone: LostCounts | undefined

  constructor(parts: { apps: AppSource; hub: Hub; log: Logger; clock: Clock }) {
    this.#parts = parts
  }

  /** Starts, changes and stops listeners so that they are what the apps ask for. @param redis the server's own */
  listen(redis: Config['redis']): void {
    const wanted = appsByRedis(this.#parts.apps, redis)
    for (const key of this.#listeners.keys()) {
      if (!wanted.has(key)) this.#stop(key)
    }
    for (const [key, { target, apps }] of wanted) {
      const present = this.#listeners.get(key)
      if (present === undefined) this.#start(key, target, apps)
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

  /** What was lost of every Redis since the start; undefined where none was ever listened to. */
  get lost(): LostCounts | undefined {
    return [...this.states()].reduce<LostCounts | undefined>(sum, this.#gone)
  }

  /** Stops every listener; resolves when their connections are closed. */
  async stop(): Promise<void> {
    for (const key of this.#listeners.keys()) this.#stop(key)
    await Promise.all(this.#stopping)
  }

  #start(key: string, target: RedisTarget, apps: readonly LaravelApp[]): void {
    const { log, clock } = this.#parts
    const listener = new RedisListener({ target, apps, sink: this.#sink(), log, clock })
    this.#listeners.set(key, listener)
    listener.start()
  }

  #stop(key: string): void {
    const listener = this.#listeners.get(key)
    if (listener === undefined) return
    this.#listeners.delete(key)
    this.#gone = sum(this.#gone, listener.state)
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
        if (channels.has(channel) || kindOf(channel).cached || hub.observers.isWatched) return true
        tally.received.redis += 1 // what the hub counts of those that are delivered
        tally.unheard += 1
        return false
      },
      deliver: ({ appId, channel, event, data, exceptSocketId }) => {
        const app = apps.byId(appId)
        if (app === undefined) return
        const channels = [channel]
        const received = hub.measures.receive()
        hub.hear({ app, source: 'redis', channels, event, data, exceptSocketId, received })
      },
      ignored: (appId, reason) => {
        const app = apps.byId(appId)
        if (app === undefined) return
        countIn(hub.live(app).tally.redisIgnored, reason)
        hub.observers.refused('redis-message', reason, { app: appId })
      },
    }
  }
}

interface HeardRedis {
  readonly target: RedisTarget
  readonly apps: LaravelApp[]
}

function appsByRedis(apps: AppSource, redis: Config['redis']): Map<string, HeardRedis> {
  const byKey = new Map<string, HeardRedis>()
  for (const { id, limits, settings } of apps.all()) {
    const { laravel } = settings
    const target = redisOf(laravel, redis)
    if (laravel.redisPrefix === undefined || !isConfigured(target)) continue
    const app = { appId: id, prefix: laravel.redisPrefix, limits }
    const key = keyOfRedis(target)
    const heard = byKey.get(key)
    if (heard === undefined) byKey.set(key, { target, apps: [app] })
    else heard.apps.push(app)
  }
  return byKey
}

const sum = (one: LostCounts | undefined, other: LostCounts): LostCounts => ({
  lostSeconds: (one?.lostSeconds ?? 0) + other.lostSeconds,
  reconnects: (one?.reconnects ?? 0) + other.reconnects,
})
