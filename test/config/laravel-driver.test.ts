import { expect, it } from 'vitest'
import { loaded } from '../support/reading.ts'
import { type App, changed, given, INSTALLED, PUSHER, said } from './laravel-app.ts'

const broadcasting = (variable: string, fallback = 'null') => ({
  'config/broadcasting.php': `<?php return [\n\n    'default' => env('${variable}', '${fallback}'),\n`,
})
const UNSET = changed(['BROADCAST_CONNECTION=reverb', ''])

/** Whose credentials are taken, which the driver decides. */
const keyOf = (app: App) => loaded(given(app)).config.apps[0]?.key

it.each<[string, App, string]>([
  ['the new name', { dotenv: `${UNSET}${PUSHER}BROADCAST_CONNECTION=pusher\n` }, 'pusher-key'],
  ['the old name', { dotenv: `${UNSET}${PUSHER}BROADCAST_DRIVER=pusher\n` }, 'pusher-key'],
  [
    'the new name before the old one',
    { dotenv: `${INSTALLED}${PUSHER}BROADCAST_DRIVER=pusher\n` },
    'dq7nzk3ujvjwsuykx9xk',
  ],
  [
    'the name that config/broadcasting.php reads',
    {
      dotenv: `${INSTALLED}${PUSHER}BROADCAST_DRIVER=pusher\n`,
      files: broadcasting('BROADCAST_DRIVER'),
    },
    'pusher-key',
  ],
  [
    'the default of config/broadcasting.php',
    { dotenv: `${UNSET}${PUSHER}`, files: broadcasting('BROADCAST_CONNECTION', 'pusher') },
    'pusher-key',
  ],
])('is taken from %s', (_what, app, key) => {
  expect(keyOf(app)).toBe(key)
})

it.each<[string, App, Readonly<Record<string, unknown>>]>([
  [
    'both names say another',
    { dotenv: `${INSTALLED}BROADCAST_DRIVER=pusher\n` },
    {
      read: 'BROADCAST_CONNECTION',
      BROADCAST_CONNECTION: 'reverb',
      BROADCAST_DRIVER: 'pusher',
    },
  ],
  [
    'the app reads the name that is not there',
    { dotenv: INSTALLED, files: broadcasting('BROADCAST_DRIVER') },
    { read: 'BROADCAST_DRIVER', BROADCAST_DRIVER: undefined, BROADCAST_CONNECTION: 'reverb' },
  ],
])('is doubtful, and said to be, where %s', (_what, app, fields) => {
  expect(said(app)).toContainEqual({
    level: 'warn',
    message: 'the app reads only one of these, which say different drivers',
    fields,
  })
})

it('is not doubtful where both names say the same', () => {
  const dotenv = `${INSTALLED}BROADCAST_DRIVER=reverb\n`
  expect(said({ dotenv }).filter(({ level }) => level === 'warn')).toEqual([])
})

it('of an old app has to be one that this server understands', () => {
  const dotenv = `${UNSET}BROADCAST_DRIVER=log\n`
  expect(said({ dotenv })).toContainEqual({
    level: 'warn',
    message: 'the app does not broadcast to this server: set BROADCAST_DRIVER=pusher',
    fields: { BROADCAST_DRIVER: 'log' },
  })
})
