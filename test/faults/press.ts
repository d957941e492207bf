/** Publishes over HTTP to the nodes by turns, at a steady rate, and asks each how it is. */
import { Pool } from 'undici'
import { APP, signedPath } from '../support/server.ts'
import type { Place } from './client.ts'
import { channelOf } from './crowd.ts'
import type { Published, Recording } from './recording.ts'

/** Longer than a node is ever paused. */
const PUBLISH_TIMEOUT_MS = 30_000
const READY_TIMEOUT_MS = 1000
const READY_INTERVAL_MS = 100
const TICK_MS = 10
/** A machine that was busy does not get everything at once. */
const MOST_PER_TICK = 20
/** As many as wait for a Redis that is silent. */
const CONNECTIONS = 500

export interface PressOptions {
  readonly places: readonly Place[]
  readonly recording: Recording
  readonly eventsPerSecond: number
  readonly channels: number
}

export class Press implements AsyncDisposable {
  readonly #options: PressOptions
  readonly #pools: readonly Pool[]
  readonly #probes: readonly Pool[]
  readonly #timers: readonly NodeJS.Timeout[]
  readonly #under = new Set<Promise<void>>()
  #count = 0

  constructor(options: PressOptions) {
    const { places, eventsPerSecond } = options
    this.#options = options
    const urls = places.map(({ port }) => `http://127.0.0.1:${port}`)
    this.#pools = urls.map(
      (url) => new Pool(url, { connections: CONNECTIONS, headersTimeout: PUBLISH_TIMEOUT_MS }),
    )
    this.#probes = urls.map(
      (url) => new Pool(url, { connections: 20, headersTimeout: READY_TIMEOUT_MS }),
    )
    const began = performance.now()
    let sent = 0
    this.#timers = [
      setInterval(() => {
        const due = Math.floor(((performance.now() - began) * eventsPerSecond) / 1000)
        for (let i = 0; sent < due; sent += 1, i += 1) if (i < MOST_PER_TICK) this.#publish()
      }, TICK_MS),
      setInterval(() => {
        for (const { index } of places) void this.#ask(index)
      }, READY_INTERVAL_MS),
    ]
  }

  #publish(): void {
    const { places, recording, channels } = this.#options
    const place = places[this.#count % places.length]
    if (place === undefined) throw new Error('there is somewhere to publish')
    const channel = channelOf(Math.floor(this.#count / places.length) % channels)
    this.#count += 1
    const published = recording.publishing(place.index, channel)
    const answer = this.#post(place.index, published).finally(() => {
      this.#under.delete(answer)
    })
    this.#under.add(answer)
  }

  async #post(index: number, published: Published): Promise<void> {
    const { number, channel } = published
    const body = JSON.stringify({ name: 'numbered', channel, data: `{"n":${number}}` })
    const path = signedPath(APP, 'POST', `/apps/${APP.id}/events`, body)
    try {
      const answer = await this.#poolOf(this.#pools, index).request({ method: 'POST', path, body })
      published.status = answer.statusCode
      await answer.body.dump()
    } catch (error) {
      published.status = 0 // the node is not there, or gone in the middle
      published.failure = String(error)
    }
    published.answeredAt = performance.now()
  }

  async #ask(node: number): Promise<void> {
    const { asked } = this.#options.recording
    const at = performance.now()
    try {
      const answer = await this.#poolOf(this.#probes, node).request({
        method: 'GET',
        path: '/ready',
      })
      await answer.body.dump()
      asked.push({ node, at, status: answer.statusCode })
    } catch {
      asked.push({ node, at, status: 0 })
    }
  }

  #poolOf(pools: readonly Pool[], index: number): Pool {
    const at = this.#options.places.findIndex((place) => place.index === index)
    const pool = pools[at]
    if (pool === undefined) throw new Error('there is a pool for each place')
    return pool
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all([...this.#pools, ...this.#probes].map((pool) => pool.destroy()))
    await Promise.all(this.#under)
  }
}
