/**
 * `resound trigger`: publishes one event through the HTTP API, as an app would.
 */
import { text } from 'node:stream/consumers'
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { kindOf } from '../../channels/kinds.ts'
import { loadConfig } from '../config/load.ts'
import type { AppConfig } from '../config/schema/app.ts'
import type { Config } from '../config/schema.ts'
import type { Flags } from '../config/sources.ts'
import { ResoundError } from '../errors.ts'
import { RunningServer } from './admin.ts'
import { EXIT, print, printJson } from './output.ts'
import { say } from './pages.ts'
import { type Api, publish } from './publish.ts'
import { json, withSources } from './target-options.ts'

export interface TriggerOptions extends Flags {
  readonly json?: boolean
  readonly app?: string
  readonly socketId?: string
  readonly url?: string
  readonly info?: string
}

const HELP = `
DATA is the text that clients get, JSON by custom; {} without it, and - reads it
from standard input. The event goes through the signed HTTP API, with the
credentials of the configuration, so it takes the way that an app's events take.
Ends with 69 when nobody answers, with 1 when the event is refused.`

/** Of what a server says of itself. */
const Listening = z.object({
  listeners: z.object({ public: z.object({ host: z.string(), port: z.int() }) }),
})

/** Adds the command. */
export function triggerCommand(program: Command, ended: (code: number) => void): void {
  withSources(program.command('trigger'))
    .summary('publish an event')
    .description('Publishes one event through the HTTP API')
    .argument('<channel>', 'its channel')
    .argument('<event>', 'its name')
    .argument('[data]', 'what it carries', '{}')
    .option('--app <id>', 'of the configuration; needed where it has several')
    .option('--socket-id <id>', 'the connection that does not get it')
    .option('--url <url>', 'the HTTP API, instead of the server of the configuration')
    .addOption(
      new Option('--info <names>', 'have the server tell: subscription_count, user_count, cache'),
    )
    .addOption(json())
    .addHelpText('after', HELP)
    .action(
      async (
        channel: string,
        event: string,
        data: string,
        options: TriggerOptions,
        command: Command,
      ) => {
        const { app, url, json: _, socketId: __, info: ___, ...flags } = options
        const { config } = loadConfig({ flags })
        const found = appOf(config, app)
        if (typeof found === 'string') command.error(`error: ${found}`)
        const address = url === undefined ? undefined : addressIn(url)
        if (url !== undefined && address === undefined) {
          command.error(`error: --url is no http:// or https:// URL: ${url}`)
        }
        const api =
          address === undefined
            ? { ...(await ownAddress(config, flags)), app: found }
            : { url: address, isVerified: true, app: found }
        ended(await trigger(api, channel, event, data, options))
      },
    )
}

async function trigger(
  api: Api,
  channel: string,
  event: string,
  given: string,
  { json: asJson = false, socketId, info }: TriggerOptions,
): Promise<number> {
  const data = given === '-' ? await text(process.stdin) : given
  const answer = await publish(api, { name: event, channel, data, socket_id: socketId, info })
  const told: unknown = Object(Object(answer).channels)[channel]
  if (asJson) {
    const bytes = Buffer.byteLength(data)
    printJson('trigger', {
      url: api.url,
      app: api.app.id,
      channel,
      event,
      bytes,
      info: told ?? null,
    })
    return EXIT.DONE
  }
  print(`Published ${event} on ${channel}, app ${api.app.id}, at ${api.url}`)
  for (const [name, value] of Object.entries(Object(told))) {
    print(`${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
  }
  if (kindOf(channel).name === 'encrypted') {
    say('Warning: clients of an encrypted channel pass over what is not encrypted for them')
  }
  return EXIT.DONE
}

/** @returns a text that says what is wrong, when something is */
function appOf({ apps }: Config, id: string | undefined): AppConfig | string {
  const ids = apps.map((app) => app.id).slice(0, 20)
  if (id === undefined) {
    const [only, ...others] = apps
    if (only !== undefined && others.length === 0) return only
    return only === undefined
      ? 'the configuration has no app'
      : `name the app with --app: ${ids.join(', ')}`
  }
  const app = apps.find((one) => one.id === id)
  return app ?? `the configuration has no app ${id}, but ${ids.join(', ') || 'none'}`
}

/** @returns undefined for what leads nowhere */
function addressIn(url: string): string | undefined {
  if (!URL.canParse(url) || !/^https?:/.test(url)) return undefined
  const { origin, pathname } = new URL(url)
  return origin + pathname.replace(/\/$/, '')
}

/** Where the server of the configuration is: as it says itself, if it can be asked. */
async function ownAddress(
  config: Config,
  flags: Flags,
): Promise<{ readonly url: string; readonly isVerified: boolean }> {
  const { host, port } = (await saidAddress(flags)) ?? config
  const scheme = config.tls === undefined ? 'http' : 'https'
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const url = `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}${config.pathPrefix}`
  return { url, isVerified: false }
}

async function saidAddress(
  flags: Flags,
): Promise<{ readonly host: string; readonly port: number } | undefined> {
  try {
    const server = await RunningServer.find(flags)
    return Listening.parse(await server.ask('GET', '/status')).listeners.public
  } catch (fault) {
    if (fault instanceof ResoundError) return undefined // it may be on another host
    throw fault
  }
}
