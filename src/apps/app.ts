/**
 * An app: its credentials and what it may do, ready for use on hot paths.
 *
 * An `App` keeps its identity while its configuration is replaced, so connections hold on to it.
 */
import { Secret } from '../../channels/secret.ts'
import type { AppConfig, AppLimits, Limits } from '../config/schema.ts'
import { isAllowedOrigin } from './origin.ts'

export class App {
  readonly id: string
  #config: AppConfig
  #limits: Limits
  #secrets: readonly Secret[]

  /** @param limits the server-wide ones, which the app's own override */
  constructor(config: AppConfig, limits: Limits) {
    this.id = config.id
    this.#config = config
    this.#limits = effectiveLimits(limits, config.limits)
    this.#secrets = secretsOf(config)
  }

  /** Takes over a new configuration of the same app. */
  replace(config: AppConfig, limits: Limits): void {
    this.#config = config
    this.#limits = effectiveLimits(limits, config.limits)
    this.#secrets = secretsOf(config)
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
