/**
 * The `.env` lines and Echo set-ups of the README, from docs/snippets, as the tests use them.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'dotenv'
import { expand } from 'dotenv-expand'
import type { EchoOptions } from 'laravel-echo'
import { vi } from 'vitest'

/** Where they are. */
export const SNIPPETS = path.join(import.meta.dirname, '../../docs/snippets')

/** Laravel's broadcast connections that reach Resound. */
export type Driver = 'pusher' | 'reverb' | 'redis'
/** Echo's broadcasters that do. */
export type Broadcaster = 'pusher' | 'reverb'
/** The set-ups of Echo in the documentation. Those of redis ask the bridge. */
export type EchoSetup = 'pusher' | 'reverb' | 'redis' | 'redis-cookies' | 'token'

export const readSnippet = (name: string): Promise<string> =>
  readFile(path.join(SNIPPETS, name), 'utf8')

/**
 * The README's `.env` lines for a driver, with other values.
 *
 * @throws Error if the README does not have one of these names.
 */
export async function laravelEnv(
  driver: Driver,
  values: Readonly<Record<string, string | number>>,
): Promise<string> {
  return Object.entries(values).reduce(
    (text, [name, value]) => {
      const line = new RegExp(`^${name}=.*$`, 'm')
      if (!line.test(text)) throw new Error(`${driver}.env has no ${name}`)
      return text.replace(line, () => `${name}=${value}`)
    },
    await readSnippet(`${driver}.env`),
  )
}

/** The variables in an application's `.env` that Vite builds into its pages. */
export function viteVariables(env: string): Record<string, string> {
  const { parsed = {} } = expand({ parsed: parse(env), processEnv: {} })
  return Object.fromEntries(Object.entries(parsed).filter(([name]) => name.startsWith('VITE_')))
}

/** The README's nginx site, with these ports instead of its own. */
export async function nginxSite(ports: {
  readonly page: number
  readonly resound: number
  readonly laravel: number
}): Promise<string> {
  return (await readSnippet('nginx.conf'))
    .replaceAll('listen 8000;', `listen 127.0.0.1:${ports.page};`)
    .replaceAll('http://127.0.0.1:8080;', `http://127.0.0.1:${ports.resound};`)
    .replaceAll('http://127.0.0.1:8001;', `http://127.0.0.1:${ports.laravel};`)
}

/**
 * The options that the README's set-up gives Echo in an application with this `.env`.
 *
 * Runs the set-up itself, as Vite would build it into a page, and closes what it opened.
 */
export async function echoOptions(
  setup: EchoSetup,
  env: string,
): Promise<EchoOptions<Broadcaster>> {
  const page: { Echo?: { options: EchoOptions<Broadcaster>; disconnect(): void } } = {}
  for (const [name, value] of Object.entries(viteVariables(env))) vi.stubEnv(name, value)
  vi.stubGlobal('window', page)
  vi.resetModules()
  try {
    await import(`../../docs/snippets/echo-${setup}.js`)
  } finally {
    vi.unstubAllGlobals()
    vi.unstubAllEnvs()
  }
  if (page.Echo === undefined) throw new Error(`echo-${setup}.js made no Echo`)
  page.Echo.disconnect()
  return page.Echo.options
}
