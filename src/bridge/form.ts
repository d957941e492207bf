/**
 * What a page asks the bridge: `socket_id`, `channel_name` and whatever its `auth.params` add, as a
 * form (pusher-js) or as JSON (authorizers of the page's own).
 *
 * It is written anew for Laravel, so that both sides read the same names: PHP takes the last of two
 * fields, and reads `channel.name` as `channel_name`.
 */
import { isUtf8 } from 'node:buffer'

export interface Form {
  readonly socketId: string
  /** Empty where none was given. */
  readonly channel: string
  /** The other fields, in their order. */
  readonly more: readonly (readonly [name: string, value: string])[]
}

/** Largest body of a request, in bytes. */
export const FORM_BYTES = 16 * 1024

/** Most fields beside the two. */
const MOST_FIELDS = 50

/** Names that PHP takes over as they are, `a[b][]` among them. */
const FIELD_NAME = /^[A-Za-z0-9_-]{1,100}(?:\[[A-Za-z0-9_-]{0,100}\]){0,4}$/

/** @returns a text that says what is wrong, when something is */
export function readForm(body: Buffer, contentType: string): Form | string {
  if (!isUtf8(body)) return 'The body is not UTF-8 text.'
  const text = body.toString('utf8')
  const fields = /^application\/json\b/i.test(contentType)
    ? fieldsOfJson(text)
    : [...new URLSearchParams(text)]
  if (typeof fields === 'string') return fields
  if (fields.length > MOST_FIELDS) return `The request has more than ${MOST_FIELDS} fields.`
  const own = { socket_id: '', channel_name: '' }
  const more: (readonly [string, string])[] = []
  for (const [name, value] of fields) {
    if (!FIELD_NAME.test(name)) return 'A field has a name that PHP would change.'
    if (!isOwn(name)) more.push([name, value])
    else if (own[name] === '') own[name] = value
    else return `${name} is given more than once.`
  }
  if (more.some(([name]) => isOwn(name.split('[', 1)[0] ?? ''))) {
    return 'socket_id and channel_name are texts, not lists.'
  }
  return { socketId: own.socket_id, channel: own.channel_name, more }
}

/** The form as Laravel is sent it. */
export function writeForm({ socketId, channel, more }: Form): string {
  const fields = new URLSearchParams(more.map(([name, value]): [string, string] => [name, value]))
  fields.append('socket_id', socketId)
  if (channel !== '') fields.append('channel_name', channel)
  return fields.toString()
}

const isOwn = (name: string): name is 'socket_id' | 'channel_name' =>
  name === 'socket_id' || name === 'channel_name'

function fieldsOfJson(text: string): [string, string][] | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'The body is not JSON, though its Content-Type says so.'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'The body is not a JSON object.'
  }
  const fields: [string, string][] = []
  for (const [name, field] of Object.entries(value)) {
    if (typeof field === 'object' && field !== null) return 'A field of the JSON body is no text.'
    fields.push([name, field === null ? '' : String(field)])
  }
  return fields
}
