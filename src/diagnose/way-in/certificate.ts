/**
 * The TLS of the public address, read without believing it: what is shown, and what a browser makes of it.
 */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { checkServerIdentity, connect, type PeerCertificate, rootCertificates } from 'node:tls'
import type { Scene } from '../scene.ts'
import type { WayIn } from './target.ts'

export interface Shown {
  readonly kind: 'shown'
  /** The server's own, then those that it sent or that were found for it. */
  readonly chain: readonly PeerCertificate[]
  /** A code of OpenSSL; undefined where the chain leads to an authority that is trusted. */
  readonly error: string | undefined
  /** Why the certificate is not for this host. */
  readonly nameError: string | undefined
}

export type TlsSeen =
  | Shown
  /** What is there speaks no TLS. */
  | { readonly kind: 'plain'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

const MILLISECONDS = 5000
const SYSTEM_AUTHORITIES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
]

/** What a TLS client says where the other side answers in plain text. */
const PLAIN =
  /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|RECORD_LAYER|http request/i

/** The usual authorities, this system's, and that of `--ca`. @throws Error where that cannot be read */
export function authorities({ options }: Scene): readonly string[] {
  const ofSystem = SYSTEM_AUTHORITIES.flatMap((file) => {
    try {
      return [readFileSync(file, 'utf8')]
    } catch {
      return [] // of another system
    }
  })
  const own = options.ca === undefined ? [] : [readFileSync(options.ca, 'utf8')]
  return [...rootCertificates, ...ofSystem, ...own]
}

const SEEN = new WeakMap<Scene, Promise<TlsSeen>>()

/** What the public address shows, looked at once for all checks. */
export function tlsOf(scene: Scene, way: WayIn, signal: AbortSignal): Promise<TlsSeen> {
  const known = SEEN.get(scene) ?? lookAtTls(way, authorities(scene), signal)
  SEEN.set(scene, known)
  return known
}

export function lookAtTls(
  { host, port }: WayIn,
  ca: readonly string[],
  signal: AbortSignal,
): Promise<TlsSeen> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ca: [...ca],
      rejectUnauthorized: false, // nothing is sent: it is only looked at
      ...(isIP(host) === 0 ? { servername: host } : {}),
    })
    const done = (seen: TlsSeen): void => {
      signal.removeEventListener('abort', abort)
      socket.destroy()
      resolve(seen)
    }
    const abort = (): void => done({ kind: 'failed', reason: 'no answer in time' })
    signal.addEventListener('abort', abort, { once: true })
    socket.setTimeout(MILLISECONDS, abort)
    socket.once('secureConnect', () => {
      const leaf = socket.getPeerCertificate(true)
      const error: unknown = socket.authorizationError
      done({
        kind: 'shown',
        chain: chainFrom(leaf),
        error: error === null || error === undefined ? undefined : codeOf(error),
        nameError: checkServerIdentity(host, leaf)?.message,
      })
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code ?? error.message
      done({ kind: PLAIN.test(reason) ? 'plain' : 'failed', reason })
    })
    socket.once('end', () => done({ kind: 'failed', reason: 'it closes the connection' }))
  })
}

const MOST_IN_CHAIN = 10

function chainFrom(leaf: PeerCertificate): readonly PeerCertificate[] {
  const chain: PeerCertificate[] = []
  let next: PeerCertificate | undefined = leaf
  while (next !== undefined && chain.length < MOST_IN_CHAIN && !chain.includes(next)) {
    chain.push(next)
    next = 'issuerCertificate' in next ? (next.issuerCertificate as PeerCertificate) : undefined
  }
  return chain
}

const codeOf = (error: unknown): string =>
  error instanceof Error ? String((error as NodeJS.ErrnoException).code) : String(error)
