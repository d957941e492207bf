/**
 * A request to an HTTP API as the server SDKs sign it (Pusher docs, "HTTP API reference",
 * "Authentication"). `http-api/auth.ts` checks what is written here.
 */
import { hash } from 'node:crypto'
import type { Secret } from '../../channels/secret.ts'

export interface Signer {
  readonly key: string
  readonly secret: Secret
}

/** The path of an app's resource, without what a server or a proxy has in front of it: that is not signed. */
export const appPath = (appId: string, resource: string): string =>
  `/apps/${encodeURIComponent(appId)}/${resource}`

/** @param body '' where there is none @returns the path with its query, signed now */
export function signedPath(
  method: 'GET' | 'POST',
  path: string,
  body: string,
  { key, secret }: Signer,
): string {
  const query = [
    `auth_key=${encodeURIComponent(key)}`,
    `auth_timestamp=${Math.floor(Date.now() / 1000)}`,
    'auth_version=1.0',
    `body_md5=${hash('md5', body)}`,
  ].join('&')
  const signature = secret.sign(`${method}\n${path}\n${query}`)
  return `${path}?${query}&auth_signature=${signature}`
}
