/** Where a load goes: a server of the Pusher protocol, and an app of it. */
export interface Target {
  readonly host: string
  readonly port: number
  /** Over TLS. */
  readonly isSecure: boolean
  /** In front of `/app` and `/apps`. */
  readonly pathPrefix: string
  readonly appId: string
  readonly key: string
  readonly secret: string
}

/** Host and port as in a URL. */
export const authorityOf = ({ host, port }: Pick<Target, 'host' | 'port'>): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
