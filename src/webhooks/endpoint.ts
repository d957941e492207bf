/**
 * One webhook of an app: which events it wants, and where they go.
 */
import { hash } from 'node:crypto'
import type { App } from '../apps/app.ts'
import type { WebhookConfig } from '../config/schema/webhook.ts'
import { shownUrl } from '../config/shown-url.ts'
import type { Occurrence } from '../hub/occurrence.ts'

/** What a queue knows of an endpoint. */
export interface EndpointAddress {
  readonly appId: string
  /** Unique in the app. */
  readonly id: string
}

export class Endpoint implements EndpointAddress {
  readonly app: App
  readonly id: string
  readonly config: WebhookConfig
  /** Its URL for logs and lists, without a secret in it. */
  readonly label: string
  readonly #events: ReadonlySet<string>

  constructor(app: App, id: string, config: WebhookConfig) {
    this.app = app
    this.id = id
    this.config = config
    this.label = shownUrl(config.url)
    this.#events = new Set(config.events)
  }

  get appId(): string {
    return this.app.id
  }

  wants({ name, channel }: Occurrence): boolean {
    const { channelPrefix = '', channelSuffix = '' } = this.config
    return (
      this.#events.has(name) && channel.startsWith(channelPrefix) && channel.endsWith(channelSuffix)
    )
  }
}

const ID_LENGTH = 16

/**
 * The endpoints of an app. An id follows from the URL alone, so what waits in a queue is still
 * delivered when its filters or headers have changed, and by every node.
 */
export function endpointsOf(app: App): Endpoint[] {
  const seen = new Map<string, number>()
  return app.settings.webhooks.map((config) => {
    const nth = seen.get(config.url) ?? 0
    seen.set(config.url, nth + 1)
    const id = hash('sha256', `${nth} ${config.url}`).slice(0, ID_LENGTH)
    return new Endpoint(app, id, config)
  })
}

/** One text for an address: no app id holds a slash. */
export const keyOf = ({ appId, id }: EndpointAddress): string => `${appId}/${id}`
