/**
 * The data of an event as a viewer may see it: bounded, and without what its names say is a secret.
 */
import { kindOf } from '../../channels/kinds.ts'

/** Most characters of it that are shown. */
const SHOWN_CHARACTERS = 4096
/** More than that is not read, so that it cannot be redacted either. */
const MOST_READ_BYTES = 1_048_576
const REDACTED = '[redacted]'

/** Whole names, without case, `_` and `-`. */
const SECRET_NAMES = new Set(['auth', 'cvc', 'cvv', 'iban', 'pin', 'pwd', 'ssn'])
/** Parts of names. */
const SECRET_PARTS =
  /password|passwd|passphrase|secret|token|apikey|privatekey|credential|authorization|cookie|session|cardnumber|creditcard/

/** @param data as it was published: JSON by custom, and not always */
export function redacted(channel: string, data: string): string {
  if (kindOf(channel).name === 'encrypted') return '[encrypted]'
  if (data.length > MOST_READ_BYTES) return '[too large to be shown]'
  let value: unknown
  try {
    value = JSON.parse(data, (name, inner) => (isSecret(name) ? REDACTED : inner))
  } catch {
    return '[no JSON]' // and so nothing says what of it is a secret
  }
  const text = JSON.stringify(value) ?? ''
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text
}

function isSecret(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '')
  return SECRET_NAMES.has(plain) || SECRET_PARTS.test(plain)
}
