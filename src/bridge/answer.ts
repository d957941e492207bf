/**
 * What Laravel's answer means, read by value: its content type says `text/html` for all of them.
 * Pure; what is done about it is `bridge.ts`'s work.
 *
 * Sources: Laravel's RedisBroadcaster and PusherBroadcaster, `validAuthenticationResponse`, and its
 * BroadcastController.
 */
import { isUserId, USER_ID_LENGTH } from '../../channels/name.ts'
import { readObject } from '../laravel/object-text.ts'
import type { OutwardAnswer } from '../outward/outward.ts'
import type { FailureName } from './outcome.ts'

/** What Laravel was asked about. */
export type Subject = 'private' | 'presence' | 'encrypted' | 'user'

export type Reading =
  /** Signed by Laravel itself: the pusher or reverb driver. */
  | { readonly outcome: 'passed'; readonly auth: string; readonly data: string | undefined }
  /** Allowed, and to be signed by us, with this `channel_data` or `user_data` where there is one. */
  | { readonly outcome: 'signed'; readonly data: string | undefined }
  | { readonly outcome: FailureName }

/** @param url that was asked */
export function readAnswer(
  { status, headers, body }: OutwardAnswer,
  url: string,
  subject: Subject,
): Reading {
  if (status === 200) return readBody(body.trim(), subject)
  if (status >= 300 && status < 400) return readRedirect(headers['location'] ?? '', url)
  return { outcome: BY_STATUS[status] ?? 'failed' }
}

const BY_STATUS: Readonly<Record<number, FailureName>> = {
  204: 'empty',
  401: 'unauthenticated',
  403: 'denied',
  404: 'not_found',
  405: 'not_found',
  419: 'expired',
  429: 'throttled',
  503: 'maintenance',
  508: 'loop',
}

/** To the same path is to the same app under another name; to another, as to a login, is a refusal. */
function readRedirect(location: string, url: string): Reading {
  const isSamePath =
    URL.canParse(location, url) && new URL(location, url).pathname === new URL(url).pathname
  return { outcome: isSamePath ? 'moved' : 'login' }
}

function readBody(body: string, subject: Subject): Reading {
  if (body === '') return { outcome: 'empty' }
  if (body.startsWith('<')) return { outcome: 'html' }
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return { outcome: 'not_json' }
  }
  if (isObject(value)) {
    const { auth, channel_data: channelData } = value
    if (typeof auth === 'string') {
      return {
        outcome: 'passed',
        auth,
        data: typeof channelData === 'string' ? channelData : undefined,
      }
    }
    if (subject === 'user') return readUser(body)
    if (isObject(channelData)) return readChannelData(body, subject)
  }
  return value === true ? READ_TRUE[subject] : { outcome: 'unusable' }
}

const READ_TRUE: Readonly<Record<Subject, Reading>> = {
  private: { outcome: 'signed', data: undefined },
  presence: { outcome: 'no_member' },
  encrypted: { outcome: 'no_secret' },
  user: { outcome: 'no_user' },
}

function readChannelData(body: string, subject: 'private' | 'presence' | 'encrypted'): Reading {
  if (subject !== 'presence') return READ_TRUE[subject]
  const data = last(members(body, 2), 'channel_data')?.object?.members ?? []
  const id = idIn(body, last(data, 'user_id'))
  if (id === undefined || id.length > USER_ID_LENGTH) return { outcome: 'no_member' }
  const info = last(data, 'user_info')
  const userInfo = info === undefined ? '' : `,"user_info":${body.slice(info.valueStart, info.end)}`
  return { outcome: 'signed', data: `{"user_id":${JSON.stringify(id)}${userInfo}}` }
}

function readUser(body: string): Reading {
  const user = members(body, 1)
  const id = idIn(body, last(user, 'id'))
  if (id === undefined || !isUserId(id)) return { outcome: 'no_user' }
  const rest = user
    .filter(({ key }) => key !== 'id')
    .map(({ start, end }) => body.slice(start, end))
  return { outcome: 'signed', data: `{${[`"id":${JSON.stringify(id)}`, ...rest].join()}}` }
}

// The texts of Laravel's values go on as they are: parsed and written again, large integers change.

type Member = ReturnType<typeof readObject>['members'][number]

const members = (body: string, levels: number): readonly Member[] =>
  readObject(body, 0, levels).members

/** As JSON.parse does, the last one wins. */
const last = (list: readonly Member[], key: string): Member | undefined =>
  list.findLast((member) => member.key === key)

/** The text of an id that is a string or a number, of which integers may exceed JavaScript's. */
function idIn(body: string, member: Member | undefined): string | undefined {
  if (member === undefined) return undefined
  const text = body.slice(member.valueStart, member.end)
  if (/^-?\d+$/.test(text)) return text
  const value: unknown = JSON.parse(text)
  const id = typeof value === 'number' ? String(value) : value
  return typeof id === 'string' && id !== '' ? id : undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
