/**
 * The way that browsers take: the public address, the key and the page's origin, and who says so.
 */
import { type Finding, skip } from '../check.ts'
import { pagesOf } from '../laravel/pages.ts'
import type { Scene } from '../scene.ts'
import { localUrlOf } from '../server-status.ts'
import type { Upstream } from './proxies.ts'

export interface WayIn {
  /** `https://ws.example.com:443` and a path prefix, without a slash at its end. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly pathPrefix: string
  readonly key: string
  /** Of the pages; undefined where it is not known. */
  readonly origin: string | undefined
  /** Who says so: `--url`. */
  readonly from: string
  /** Whether it is the server's own door, reached by another name than its certificate is for. */
  readonly isOwn: boolean
}

/** Where browsers connect. @returns why there is nothing to look at, if so */
export async function publicWay(scene: Scene): Promise<WayIn | Finding> {
  const local = await localWay(scene)
  const facts = await scene.laravel()
  const pages = facts === undefined ? undefined : pagesOf(facts)
  const key = pages?.key || ('outcome' in local ? undefined : local.key)
  const origin = originOf(scene.options.origin ?? facts?.app.url)
  const given = scene.options.url
  if (given !== undefined) {
    if (!URL.canParse(given) || !/^(?:https?|wss?):$/.test(new URL(given).protocol)) {
      return {
        outcome: 'critical',
        summary: '--url is no address: it begins with wss://, ws://, https:// or http://.',
        evidence: [`Given: ${given}`],
        causeId: 'no-url',
        fix: { text: 'Give the address that browsers connect to, such as wss://ws.example.com.' },
      }
    }
    const url = new URL(given)
    const named = /^(.*?)\/app\/([^/]+)\/?$/.exec(url.pathname)
    const path = (named?.[1] ?? url.pathname).replace(/\/$/, '')
    const used = named?.[2] ?? key
    if (used === undefined) return skip('No app key is known here: name it in --url, /app/KEY.')
    return wayOf(url.protocol, url.hostname, url.port, path, {
      key: used,
      origin,
      from: '--url',
      isOwn: false,
    })
  }
  if (pages?.host !== undefined && pages.host !== '' && key !== undefined) {
    const { isSecure, host, port, from } = pages
    const prefix = scene.reading.valid ? scene.reading.config.pathPrefix : ''
    const scheme = isSecure ? 'https:' : 'http:'
    return wayOf(scheme, host, port, prefix, { key, origin, from, isOwn: false })
  }
  return 'outcome' in local ? local : { ...local, origin }
}

/** The server's own listener, with nobody in between. */
export async function localWay(scene: Scene): Promise<WayIn | Finding> {
  const status = await scene.status()
  if (status === undefined) return skip('No server answers.')
  const { reading } = scene
  if (!reading.valid) return skip('The configuration is refused.')
  const { apps, pathPrefix } = reading.config
  const app = apps.find(({ enabled }) => enabled) ?? apps[0]
  if (app === undefined) return skip('The apps are in PostgreSQL: none is named here.')
  const { protocol, hostname, port } = new URL(localUrlOf(status))
  return wayOf(protocol, hostname, port, pathPrefix, {
    key: app.key,
    origin: undefined,
    from: 'the server itself',
    isOwn: true,
  })
}

export const isFinding = (found: WayIn | Finding): found is Finding => 'outcome' in found

/** Whether two ways end at the same door, so that nobody is in between. */
export function isSameDoor(one: WayIn, other: WayIn): boolean {
  const isHere = (host: string): boolean => /^(?:localhost|127\.[\d.]+|::1)$/.test(host)
  return (
    one.port === other.port && (one.host === other.host || (isHere(one.host) && isHere(other.host)))
  )
}

/** @param port empty for the usual one of the scheme */
export function wayOf(
  protocol: string,
  host: string,
  port: string,
  pathPrefix: string,
  more: Pick<WayIn, 'key' | 'origin' | 'from' | 'isOwn'>,
): WayIn {
  const isTls = protocol === 'https:' || protocol === 'wss:'
  const number = port === '' ? (isTls ? 443 : 80) : Number(port)
  return {
    url: `${isTls ? 'https' : 'http'}://${host}:${number}${pathPrefix}`,
    host: host.replace(/^\[|\]$/g, ''),
    port: number,
    isTls,
    pathPrefix,
    ...more,
  }
}

function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined
}

/** What a proxy has to be told of the server. */
export function upstreamOf({ reading }: Scene, local: WayIn): Upstream {
  const host = local.host.includes(':') ? `[${local.host}]` : local.host
  return {
    address: `${host}:${local.port}`,
    isTls: local.isTls,
    pathPrefix: local.pathPrefix,
    activityTimeoutSeconds: reading.valid ? reading.config.activityTimeoutSeconds : 120,
  }
}
