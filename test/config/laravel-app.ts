/** A Laravel app's directory, as far as the configuration looks at it. */
import { loaded } from '../support/reading.ts'

/** What `php artisan reverb:install` leaves in a `.env`. */
export const INSTALLED = `APP_NAME=Laravel
APP_URL=http://localhost
BROADCAST_CONNECTION=reverb
REDIS_HOST=127.0.0.1
REDIS_PASSWORD=null
REDIS_PORT=6379

REVERB_APP_ID=725867
REVERB_APP_KEY=dq7nzk3ujvjwsuykx9xk
REVERB_APP_SECRET=qhyg8aifcpvz1iqt8l4r
REVERB_HOST="localhost"
REVERB_PORT=8081
REVERB_SCHEME=http

VITE_REVERB_APP_KEY="\${REVERB_APP_KEY}"
VITE_REVERB_HOST="\${REVERB_HOST}"
VITE_REVERB_PORT="\${REVERB_PORT}"
VITE_REVERB_SCHEME="\${REVERB_SCHEME}"
`

export const PUSHER = `
PUSHER_APP_ID=2
PUSHER_APP_KEY=pusher-key
PUSHER_APP_SECRET=pusher-secret
PUSHER_HOST=127.0.0.1
PUSHER_PORT=6001
PUSHER_SCHEME=http
`

export interface App {
  readonly dotenv: string
  /** Files of the app beside its `.env`. */
  readonly files?: Readonly<Record<string, unknown>>
  readonly environment?: Readonly<Record<string, string>>
}

export function given({ dotenv, files = {}, environment = {} }: App) {
  const inApp = Object.entries(files).map(([name, content]) => [`app/${name}`, content])
  return {
    files: { 'app/.env': dotenv, ...Object.fromEntries(inApp) },
    flags: { laravel: 'app' },
    environment,
  }
}

/** What is said about the app, without the values taken. */
export function said(app: App) {
  const { notices } = loaded(given(app))
  return notices.filter(({ message }) => message !== 'taken from the Laravel app')
}

/** The installed `.env` with other lines. */
export const changed = (...pairs: readonly (readonly [string, string])[]): string =>
  pairs.reduce((text, [from, to]) => text.replace(from, to), INSTALLED)
