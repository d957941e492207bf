/**
 * What a Laravel app builds into its pages: the variables that Vite, or Mix before it, puts there.
 */
import type { EnvEntry } from './env-file.ts'
import { credentialName, type Family } from './laravel-names.ts'
import { addressOf, serverNotices, type Target, targetNotices, targetOf } from './laravel-target.ts'
import { information, type Notice, warning } from './notice.ts'
import type { Config } from './schema.ts'

type Text = (variable: string) => string | undefined

const BUNDLERS = ['VITE', 'MIX'] as const

/** The variables that end up in pages, with their values there. */
export interface PageVariables {
  readonly family: Family
  /** `VITE_REVERB` or so; undefined where pages are told nothing. */
  readonly names: string | undefined
  readonly text: Text
}

/** What the `.env` tells the pages about the app of this family. */
export function pageVariables(
  entries: ReadonlyMap<string, EnvEntry>,
  family: Family,
): PageVariables {
  const text = (variable: string): string | undefined => {
    const value = entries.get(variable)?.value
    return value === undefined ? undefined : expanded(value, entries)
  }
  const bundler = BUNDLERS.find((one) => entries.has(`${one}_${family}_APP_KEY`))
  return { family, names: bundler && `${bundler}_${family}`, text }
}

/** Bundlers know names that stand further down as well, and take unknown ones for empty (dotenv-expand). */
function expanded(value: string, entries: ReadonlyMap<string, EnvEntry>): string {
  return value.replace(/\$\{(\w+)\}/g, (_, name: string) => entries.get(name)?.value ?? '')
}

/** What in the pages contradicts the app, by its `.env` alone. */
export function* pageNotices(
  { family, names, text: inPage }: PageVariables,
  inApp: Text,
): Generator<Notice> {
  if (names === undefined) return
  const name = credentialName(family, 'key')
  const key = inApp(name)
  const keyInPage = inPage(`${names}_APP_KEY`)
  if (key !== undefined && keyInPage !== key) {
    yield warning('browsers would connect with another app key than the server has', {
      [`${names}_APP_KEY`]: keyInPage,
      [name]: key,
    })
  }
  const target = targetInPage(names, inPage)
  yield* targetNotices(target)
  if (target.host === undefined) {
    if (names === 'VITE_PUSHER') {
      yield warning(
        'pages connect to pusher.com and not to this server: VITE_PUSHER_HOST is not set',
        {
          VITE_PUSHER_APP_CLUSTER: inPage('VITE_PUSHER_APP_CLUSTER'),
        },
      )
    }
    return
  }
  const own = targetOf(family, inApp)
  if (own.host !== undefined && addressOf(target) !== addressOf(own)) {
    yield information('pages connect elsewhere than the app publishes, which a proxy can explain', {
      [names]: addressOf(target),
      [family]: addressOf(own),
    })
  }
}

/** What in the pages contradicts the server, where they are not simply told what the app uses. */
export function* pagesAndServer(
  { family, names, text: inPage }: PageVariables,
  inApp: Text,
  config: Config,
  hasOwnPort: boolean,
): Generator<Notice> {
  if (names === undefined) return
  const target = targetInPage(names, inPage)
  const own = targetOf(family, inApp)
  if (own.host === undefined || addressOf(target) !== addressOf(own)) {
    yield* serverNotices(target, config, 'pages expect', hasOwnPort)
  }
}

function targetInPage(names: string, inPage: Text): Target {
  return targetOf(names, (variable) => inPage(variable) || undefined)
}
