/**
 * An app: its credentials and what it may do, ready for use on hot paths.
 *
 * An `App` keeps its identity while its configuration is replaced, so connections hold on to it.
 */
import { Secret } from '../../channels/secret.ts'
import type { AppConfig } from '../config/schema/app.ts'
import type { AppLimits, Limits } from '../config/schema/limits.ts'
import type { WebhookEvent } from '../config/schema/webhook.ts'
import { isAllowedOrigin } from './origin.ts'

export class App {
  readonly id: string
  #config: AppConfig
  #limits: Limits
  #secrets: readonly Secret[]
  #told: ReadonlySet<WebhookEvent>

  /** @param limits the server-wide ones, which the app's own override */
  constructor(config: AppConfig, limits: Limits) {
    this.id = config.id
    this.#config = config
    this.#limits = effectiveLimits(limits, config.limits)
    this.#secrets = secretsOf(config)
    this.#told = toldOf(config)
  }

  /** Takes over a new configuration of the same app. */
  replace(config: AppConfig, limits: Limits): void {
    this.#config = config
    this.#limits = effectiveLimits(limits, config.limits)
    this.#secrets = secretsOf(config)
    this.#told = toldOf(config)
  }

  get key(): string {
    return this.#config.key
  }

  get secrets(): readonly Secret[] {
    return this.#secrets
  }

  get limits(): Limits {
    return this.#limits
  }

  get settings(): AppConfig {
    return this.#config
  }

  // hot path: once per subscription, member and client event. Who asks first builds nothing in vain.
  /** Whether one of its webhooks wants to be told of such an event. */
  tells(event: WebhookEvent): boolean {
    return this.#told.has(event)
  }

  /** Whether a page from `origin` may connect. Without an origin it is not a page, and may. */
  allowsOrigin(origin: string): boolean {
    return origin === '' || isAllowedOrigin(origin, this.#config.allowedOrigins)
  }
}

/** The limits of an app: its own where it has them, else the server-wide ones. */
export const effectiveLimits = (limits: Limits, own: AppLimits | undefined): Limits => ({
  ...limits,
  ...Object.fromEntries(Object.entries(own ?? {}).filter(([, value]) => value !== undefined)),
})

const secretsOf = ({ secret, previousSecret }: AppConfig): Secret[] =>
  [secret, previousSecret].filter((text) => text !== undefined).map((text) => new Secret(text))

/** Each of these undoes the other within the grace time, so neither is understood alone. */
const PAIRS: readonly (readonly WebhookEvent[])[] = [
  ['channel_occupied', 'channel_vacated'],
  ['member_added', 'member_removed'],
]

function toldOf({ webhooks }: AppConfig): ReadonlySet<WebhookEvent> {
  const wanted = webhooks.flatMap(({ events }) => events)
  const paired = PAIRS.filter((pair) => pair.some((event) => wanted.includes(event)))
  return new Set([...wanted, ...paired.flat()])
}
