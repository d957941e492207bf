/**
 * What `start` prints on standard output once the server listens.
 */
import type { Config } from '../config/schema.ts'
import { version } from '../version.ts'
import { bold } from './output.ts'

interface Address {
  readonly host: string
  readonly port: number
}

export interface Listening extends Address {
  readonly admin: Address
}

/** The ready line for programs: one JSON object, without anything secret. */
export function readyLine({ host, port, admin }: Listening, pid: number): string {
  return JSON.stringify({ event: 'listening', host, port, admin: addressOf(admin), pid })
}

/** The addresses, for people. @param link to the console, where its key may be shown */
export function readyText(
  { host, port, admin }: Listening,
  config: Config,
  coloured: boolean,
  link = `http://${addressOf(admin)}/`,
): string {
  const scheme = config.tls === undefined ? 'http' : 'https'
  const rows = [
    ['WebSocket and HTTP API', `${scheme}://${addressOf({ host, port })}${config.pathPrefix}`],
    ['Metrics', `http://${addressOf(admin)}/metrics`],
    ['Console', link],
  ]
  return [
    bold(`Resound ${version} is listening`, coloured),
    '',
    ...rows.map(([name, address]) => `  ${name?.padEnd(24)}${address}`),
    '',
  ].join('\n')
}

/** The lines for a Laravel app's `.env`, as `reverb:install` writes them. Holds the secret. */
export function laravelBlock(
  { host, port }: Address,
  config: Config,
  app: Config['apps'][number],
  coloured: boolean,
): string {
  const everywhere = host === '0.0.0.0' || host === '::'
  const lines = [
    ...(app.laravel.redisPrefix === undefined ? ['BROADCAST_CONNECTION=reverb', ''] : []),
    `REVERB_APP_ID=${app.id}`,
    `REVERB_APP_KEY=${app.key}`,
    `REVERB_APP_SECRET=${quoted(app.secret)}`,
    `REVERB_HOST="${everywhere ? 'localhost' : host}"`,
    `REVERB_PORT=${port}`,
    `REVERB_SCHEME=${config.tls === undefined ? 'http' : 'https'}`,
    '',
    ...['APP_KEY', 'HOST', 'PORT', 'SCHEME'].map(
      (name) => `VITE_REVERB_${name}="\${REVERB_${name}}"`,
    ),
    '',
  ]
  return [bold("For your Laravel app's .env", coloured), '', ...lines].join('\n')
}

/** Host and port as in a URL. */
function addressOf({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** A value that Laravel's `.env` reads back as it is. */
function quoted(value: string): string {
  return /^[\w.+/=-]+$/.test(value) ? value : `"${value.replace(/["\\$]/g, '\\$&')}"`
}
