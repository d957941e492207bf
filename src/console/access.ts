/**
 * What proves who looks: the admin token or the console key, for as long as the tab is open.
 *
 * The key comes in the fragment of the link that `resound console` prints, and is taken out of the address
 * at once. Neither is kept anywhere but in the tab's session storage.
 */
import { signal } from '@preact/signals'
import { place } from './place.ts'

const KEY = 'resound.credential'

export type Access =
  | 'unknown'
  /** The server does not answer. */
  | 'unreachable'
  /** A token is needed even to look. */
  | 'shut'
  | 'viewer'
  | 'operator'

export const access = signal<Access>('unknown')

/** Whether what was given last proves nothing: a wrong token, or the key of a start that is over. */
export const isRejected = signal(false)

/** Takes the key out of the address, if there is one. */
export function takeKey(): void {
  const [, key] = /^#key=([\w-]+)$/.exec(location.hash) ?? []
  if (key === undefined) return
  sessionStorage.setItem(KEY, key)
  history.replaceState(null, '', '#/overview')
  place.value = { page: 'overview', query: new URLSearchParams() }
}

export function authorization(): Record<string, string> {
  const credential = sessionStorage.getItem(KEY)
  return credential === null ? {} : { Authorization: `Bearer ${credential}` }
}

/** Tries a token or key. @returns whether it proves an operator */
export async function unlock(credential: string): Promise<boolean> {
  sessionStorage.setItem(KEY, credential)
  await findAccess()
  return access.value === 'operator'
}

export function lock(): void {
  sessionStorage.removeItem(KEY)
  void findAccess()
}

/** Asks the server what may be done with what there is. */
export async function findAccess(): Promise<void> {
  const given = sessionStorage.getItem(KEY)
  try {
    const response = await fetch('/console/access', { headers: authorization(), cache: 'no-store' })
    const { needsToken, isOperator } = await response.json()
    if (given !== null && !isOperator) sessionStorage.removeItem(KEY)
    isRejected.value = given !== null && !isOperator
    access.value = isOperator ? 'operator' : needsToken ? 'shut' : 'viewer'
  } catch {
    // Not there, or no longer: whoever waits for it asks again.
    if (access.value === 'unknown') access.value = 'unreachable'
  }
}
