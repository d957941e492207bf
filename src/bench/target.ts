/** Where a load goes: a server of the Pusher protocol, and an app of it. */
export interface Target {
  readonly host: string
  readonly port: number
  /** Over TLS. */
  readonly isSecure: boolean
  /** False where its certificate may be any: that of a server on its own host is for another name. */
  readonly isVerified?: boolean
  /** In front of `/app` and `/apps`. */
  readonly pathPrefix: string
  readonly appId: string
  readonly key: string
  readonly secret: string
}

/** How TLS is spoken to it. */
export const trustOf = ({ isVerified = true }: Pick<Target, 'isVerified'>) => ({
  rejectUnauthorized: isVerified,
})

/** Host and port as in a URL. */
export const authorityOf = ({ host, port }: Pick<Target, 'host' | 'port'>): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
