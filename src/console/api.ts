/** Requests to the admin port, and what it answers. */
import { access, authorization, findAccess } from './access.ts'

/** What an answer says where it is a refusal. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Channel {
  readonly app: string
  readonly name: string
  readonly kind: string
  readonly cached: boolean
  readonly subscriptions: number
  /** Of a presence channel. */
  readonly members: number | null
}

export interface Connection {
  readonly app: string
  readonly socketId: string
  readonly node: string
  readonly userId: string | null
  readonly channels: number
  readonly openedAt: string
  readonly bufferedBytes: number
}

/** Nodes that did not answer in time: what they hold is missing. */
export type SilentNodes = readonly { readonly node: string }[]

export type Query = Readonly<Record<string, string | undefined>>

const MILLISECONDS = 15_000

/** @throws Refused, or TypeError where nobody answers */
export function ask<Answer>(
  path: string,
  query: Query = {},
  signal?: AbortSignal,
): Promise<Answer> {
  return request('GET', path, query, undefined, signal)
}

/** @throws Refused, or TypeError where nobody answers */
export function change<Answer>(path: string, query: Query = {}, body?: object): Promise<Answer> {
  return request('POST', path, query, body)
}

async function request<Answer>(
  method: 'GET' | 'POST',
  path: string,
  query: Query,
  body?: object,
  signal?: AbortSignal,
): Promise<Answer> {
  const late = AbortSignal.timeout(MILLISECONDS)
  const response = await fetch(pathOf(path, query), {
    method,
    headers: authorization(),
    cache: 'no-store',
    signal: signal === undefined ? late : AbortSignal.any([signal, late]),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw await refusalIn(response)
  return response.json()
}

export async function refusalIn(response: Response): Promise<Refused> {
  // Of a key or token that does not count any more, the page has to know.
  if ([401, 403].includes(response.status) && access.value !== 'viewer') void findAccess()
  const text = await response.text()
  try {
    return new Refused(response.status, String(JSON.parse(text).error))
  } catch {
    return new Refused(response.status, `The server answers with status ${response.status}.`)
  }
}

export function pathOf(path: string, query: Query): string {
  const text = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value) text.set(name, value)
  return text.size === 0 ? path : `${path}?${text}`
}

/** For people: why something could not be done. */
export function reasonOf(fault: unknown): string {
  if (fault instanceof Refused) return fault.message
  if (fault instanceof DOMException && fault.name === 'TimeoutError')
    return 'The server did not answer in time.'
  return 'The server cannot be reached.'
}
