/** Which server and app a load test goes to: what its flags say, else the configuration that `start` reads. */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Plan } from '../bench/plan.ts'
import { authorityOf, type Target } from '../bench/target.ts'
import { type Loaded, loadConfig } from '../config/load.ts'
import type { Flags } from '../config/sources.ts'
import { ResoundError } from '../errors.ts'
import { addressOf, redisOf } from '../redis/target.ts'

export interface TargetOptions extends Flags {
  readonly url?: string
  readonly appId?: string
  readonly key?: string
  readonly secret?: string
  readonly redisUrl?: string
  readonly redisPrefix?: string
}

type App = Loaded['config']['apps'][number]

/** What was asked for and cannot be: wrong usage. */
export class WrongUsage extends Error {}

/** @throws WrongUsage; ResoundError RESOUND_CONFIG_INVALID or _UNREADABLE */
export class TargetFinder {
  readonly #options: TargetOptions
  #loaded: Loaded | undefined

  constructor(options: TargetOptions) {
    this.#options = options
  }

  target(): Target {
    const { url, appId, key, secret } = this.#options
    const where = url === undefined ? this.#ownAddress() : addressIn(url)
    if (appId !== undefined && key !== undefined && secret !== undefined) {
      return { ...where, appId, key, secret }
    }
    const app = this.#app()
    return {
      ...where,
      appId: appId ?? app.id,
      key: key ?? app.key,
      secret: secret ?? app.secret,
    }
  }

  /** Where the Laravel app publishes, and its prefix. */
  redis(): NonNullable<Plan['redis']> {
    const { redisUrl: url, redisPrefix } = this.#options
    const own = url === undefined ? undefined : { url, cluster: [], sentinels: [], tls: {} }
    if (url !== undefined && !(URL.canParse(url) && /^rediss?:/.test(url))) {
      throw new WrongUsage('--redis-url is no redis:// or rediss:// URL')
    }
    if (own !== undefined && redisPrefix !== undefined) return { target: own, prefix: redisPrefix }
    const { laravel } = this.#app()
    const prefix = redisPrefix ?? laravel.redisPrefix
    if (prefix === undefined) {
      throw new WrongUsage('--via redis needs --redis-prefix, or an app with laravel.redisPrefix')
    }
    const target = own ?? redisOf(laravel, this.#config.redis)
    if (target.url === undefined && target.cluster.length === 0) {
      throw new WrongUsage('--via redis needs --redis-url, or a configuration with a Redis')
    }
    return { target, prefix }
  }

  get #config(): Loaded['config'] {
    this.#loaded ??= loadConfig({ flags: this.#options })
    return this.#loaded.config
  }

  #app(): App {
    const { appId, key } = this.#options
    const { apps } = this.#config
    const app = apps.find(
      (each) => each.id === (appId ?? each.id) && each.key === (key ?? each.key),
    )
    if (app === undefined) {
      throw new WrongUsage('the configuration has no such app: give --app-id, --key and --secret')
    }
    const origin = this.#loaded?.originOf(['apps', 0, 'secret'])
    if (origin?.kind === 'generated' && !origin.isKept) {
      throw new ResoundError(
        'RESOUND_CONFIG_INVALID',
        'No app is configured here, and no server has generated one here.',
        {
          remedy:
            'Name the server with --url, --app-id, --key and --secret, or with --config or --laravel as for start.',
        },
      )
    }
    return app
  }

  #ownAddress(): Omit<Target, 'appId' | 'key' | 'secret'> {
    const { host, port, tls, pathPrefix } = this.#config
    if (port === 0) throw new WrongUsage('the configuration lets the port be any: give --url')
    return {
      host: reachable(host),
      port,
      isSecure: tls !== undefined,
      isVerified: false,
      pathPrefix,
    }
  }
}

/** For people and in the document. */
export const urlOf = (target: Target): string =>
  `${target.isSecure ? 'wss' : 'ws'}://${authorityOf(target)}${target.pathPrefix}`

/** The hosts of a plan that are not this machine. */
export function remoteHosts({ target, redis }: Pick<Plan, 'target' | 'redis'>): readonly string[] {
  const { url, cluster = [], sentinels = [] } = redis?.target ?? {}
  const redisUrls =
    sentinels.length > 0 ? sentinels : [...(url === undefined ? [] : [url]), ...cluster]
  return [target.host, ...redisUrls.map((each) => addressOf(each).host)].filter(
    (host) => !isLoopback(host),
  )
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return /^(.+\.)?localhost$/i.test(host) // RFC 6761
  return ipaddr.process(host).range() === 'loopback'
}

function addressIn(text: string): Pick<Target, 'host' | 'port' | 'isSecure' | 'pathPrefix'> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^(ws|http)s?:$/.test(url.protocol)) {
    throw new WrongUsage('--url is no ws://, wss://, http:// or https:// URL')
  }
  const isSecure = url.protocol === 'wss:' || url.protocol === 'https:'
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    isSecure,
    pathPrefix: url.pathname.replace(/\/$/, ''),
  }
}

/** An address to reach what listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
