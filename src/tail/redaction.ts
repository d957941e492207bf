/**
 * The data of an event as a viewer may see it: bounded, and without what its names say is a secret.
 */
import { kindOf } from '../../channels/kinds.ts'

/** Most characters of it that are shown. */
const SHOWN_CHARACTERS = 4096
/** More than that is not read, so that it cannot be redacted either. */
const MOST_READ_BYTES = 1_048_576
/** JSON in a text in JSON, so many times; what is deeper is not shown. */
const MOST_NESTED = 4
const REDACTED = '[redacted]'

/** Whole names, without case, `_` and `-`. */
const SECRET_NAMES = new Set(
  'auth bearer csrf cvc cvv hmac iban otp pass pin pwd sig ssn totp xsrf'.split(' '),
)
/** Parts of names. */
const SECRET_PARTS =
  /password|passwd|passphrase|passcode|secret|token|apikey|accesskey|privatekey|credential|authorization|cookie|session|cardnumber|creditcard|jwt|signature|onetimecode/
/** In a text: `?name=value` and `&name=value` of an address. Each class ends where the other begins. */
const IN_QUERY = /([?&;#])([\w.~%[\]-]{1,100})=([^&;#\s"'<>]*)/g
const QUERY_SIGN = /[?&#]/

/** @param data as it was published: JSON by custom, and not always */
export function redacted(channel: string, data: string): string {
  if (kindOf(channel).name === 'encrypted') return '[encrypted]'
  if (data.length > MOST_READ_BYTES) return '[too large to be shown]'
  const text = redactedJson(data, 0)
  if (text === undefined) return '[no JSON]' // and so nothing says what of it is a secret
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text
}

/** @returns undefined where it is no JSON */
function redactedJson(data: string, depth: number): string | undefined {
  try {
    const value: unknown = JSON.parse(data, (name, inner: unknown) => {
      if (isSecret(name)) return REDACTED
      return typeof inner === 'string' ? redactedText(inner, depth) : inner
    })
    return JSON.stringify(value) ?? ''
  } catch {
    return undefined
  }
}

/** A text in the data, which may be JSON once more, or an address with a token in it. */
function redactedText(text: string, depth: number): string {
  if (looksLikeJson(text)) {
    // Each level reads its own text, and every text in it is shorter: the work is bounded by the depth.
    if (depth >= MOST_NESTED) return REDACTED
    const inner = redactedJson(text, depth + 1)
    if (inner !== undefined) return inner
  }
  if (!QUERY_SIGN.test(text)) return text
  return text.replace(IN_QUERY, (all, sign: string, name: string) =>
    name === 'key' || isSecret(name) ? `${sign}${name}=${REDACTED}` : all,
  )
}

/** A list, an object, or a text in quotes, which may be one of these. */
function looksLikeJson(text: string): boolean {
  const trimmed = text.trim()
  const ends = `${trimmed.at(0) ?? ''}${trimmed.at(-1) ?? ''}`
  return trimmed.length > 1 && (ends === '{}' || ends === '[]' || ends === '""')
}

function isSecret(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '')
  return SECRET_NAMES.has(plain) || SECRET_PARTS.test(plain)
}
