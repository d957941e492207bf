/**
 * The secrets of a set-up, and texts without them. What is shown is made without secrets in the first place;
 * this is the net below what is handed to somebody else.
 */
import type { EnvEntry } from '../config/env-file.ts'
import { processEnvironment } from '../config/load.ts'
import { optionAt } from '../config/options.ts'
import { MASK, secretsInUrl } from '../config/shown-url.ts'
import { collectSources } from '../config/sources.ts'
import type { Scene } from './scene.ts'

/** A shorter one would be found in ordinary words. */
const LEAST_LENGTH = 4

/** Names of a `.env` whose values are nobody else's business. */
const SECRET_NAMES =
  /SECRET|PASSWORD|PASSWD|TOKEN|PRIVATE|CREDENTIAL|DSN|SALT|APP_KEY|API_KEY|ACCESS_KEY/
/** The key of a Pusher app stands in every page. */
const PUBLIC_NAMES = /^(?:VITE_|MIX_)|^(?:REVERB|PUSHER)_APP_KEY$/

/** What secrets look like, wherever they come from. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/(\w+:\/\/[^\s:@/"']*:)[^\s@/"']+(?=@)/g, `$1${MASK}`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{4,}/gi, `$1 ${MASK}`],
  [/\bbase64:[\w+/=]{16,}/g, `base64:${MASK}`],
  [/\b((?:set-)?cookie"?\s*[:=]\s*"?)[^\n"]+/gi, `$1${MASK}`],
  [/\b(auth_signature=)[0-9a-f]+/gi, `$1${MASK}`],
  [/("?auth"?\s*[:=]\s*"?[\w-]+:)[0-9a-f]{32,}/gi, `$1${MASK}`],
]

/** @returns what takes the secrets of this set-up out of a text */
export async function scrubber(scene: Scene): Promise<(text: string) => string> {
  const facts = await scene.laravel()
  const found = [
    ...ofConfiguration(scene),
    ...ofLaravel(facts?.env ?? new Map()),
    ...ofCommandLine(scene),
  ]
  const secrets = [...new Set(found.flatMap(writings))]
    .filter((secret) => secret.length >= LEAST_LENGTH)
    .sort((a, b) => b.length - a.length) // one may be part of another
  return (text) => {
    const shaped = SHAPES.reduce((all, [shape, instead]) => all.replace(shape, instead), text)
    return secrets.reduce((all, secret) => all.replaceAll(secret, MASK), shaped)
  }
}

const SECRETS_IN = {
  whole: (text: string): readonly string[] => [text],
  password: passwordsIn,
  address: secretsInUrl,
}

/** Those in the sources, also of a configuration that is refused; and one that was generated. */
function ofConfiguration({ options, reading }: Scene): readonly string[] {
  const { settings } = collectSources(options, processEnvironment(), process.cwd())
  const given = settings.flatMap(({ path, value }) => {
    const secret = (optionAt(path) ?? optionAt(path.slice(0, -1)))?.secret // of a list, or a map
    if (secret === undefined) return []
    const values = typeof value === 'object' && value !== null ? Object.values(value) : [value]
    return values.map(String).flatMap((one) => SECRETS_IN[secret](one))
  })
  const apps = reading.valid ? reading.config.apps : []
  return [
    ...given,
    ...apps.flatMap(({ secret, previousSecret }) => [secret, previousSecret ?? '']),
    ...apps.flatMap(({ webhooks }) => webhooks.flatMap(({ url }) => secretsInUrl(url))),
  ]
}

function ofLaravel(env: ReadonlyMap<string, EnvEntry>): readonly string[] {
  return [...env].flatMap(([name, { value }]) => {
    const isSecret = SECRET_NAMES.test(name) && !PUBLIC_NAMES.test(name)
    return [...(isSecret ? [value] : []), ...passwordsIn(value)]
  })
}

function ofCommandLine({ options: { cookie, token, login } }: Scene): readonly string[] {
  const values = (cookie ?? '').split(';').flatMap((pair) => pair.split('=').slice(1).join('='))
  const password = login === undefined ? '' : login.slice(login.indexOf(':') + 1)
  return [cookie ?? '', token ?? '', login ?? '', password, ...values].map((text) => text.trim())
}

function passwordsIn(text: string): readonly string[] {
  if (!/^\w+:\/\//.test(text) || !URL.canParse(text)) return []
  return [new URL(text).password]
}

/** As it is, and as URLs and JSON write it. */
function writings(secret: string): readonly string[] {
  const decoded = decodedOf(secret)
  return [secret, decoded, encodeURIComponent(decoded), JSON.stringify(secret).slice(1, -1)].filter(
    (text) => !/^(?:null|true|false|none)$/i.test(text),
  )
}

function decodedOf(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // it has a % of its own
  }
}
