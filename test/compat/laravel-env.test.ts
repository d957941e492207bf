// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a .env refers to a variable
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parseEnvFile } from '../../src/config/env-file.ts'
import { readConfig } from '../../src/config/load.ts'
import { Directory } from '../support/directory.ts'
import { layOut } from '../support/laravel-files.ts'

/** What new applications of Laravel 12 have, as far as somebody changes it for broadcasting. */
const SKELETON = `APP_NAME="Chat Room"
APP_ENV=local
APP_DEBUG=true
APP_URL=http://localhost:8000

LOG_CHANNEL=stack
LOG_DEPRECATIONS_CHANNEL=null

BROADCAST_CONNECTION=redis
QUEUE_CONNECTION=database

REDIS_CLIENT=phpredis
REDIS_HOST=127.0.0.1
REDIS_PASSWORD=null
REDIS_PORT=6379

MAIL_FROM_NAME="\${APP_NAME}"

REVERB_APP_ID=725867
REVERB_APP_KEY=dq7nzk3ujvjwsuykx9xk
REVERB_APP_SECRET=qhyg8aifcpvz1iqt8l4r
REVERB_HOST="localhost"
REVERB_PORT=8081
REVERB_SCHEME=http

VITE_APP_NAME="\${APP_NAME}"
VITE_REVERB_APP_KEY="\${REVERB_APP_KEY}"
VITE_REVERB_HOST="\${REVERB_HOST}"
`

const PUSHER = `PUSHER_APP_ID=
PUSHER_APP_KEY=
PUSHER_APP_SECRET=
PUSHER_HOST=
PUSHER_PORT=443
PUSHER_SCHEME=https
PUSHER_APP_CLUSTER=mt1
`

const changed = (from: string, to: string): string => SKELETON.replace(from, to)

const FILES: readonly (readonly [string, string])[] = [
  ['as it is', SKELETON],
  ['with Windows line ends and a byte order mark', `\uFEFF${SKELETON.replaceAll('\n', '\r\n')}`],
  [
    'with export, spaces and comments',
    changed('APP_NAME=', 'export  APP_NAME = ').replace(/$/gm, ' # said'),
  ],
  ['with every variable twice', SKELETON + PUSHER + SKELETON.replace('Chat Room', 'Other')],
  [
    'with a prefix of names in names',
    `A="Big ${'${B}'}"\nB=x\n${changed('"Chat Room"', "'Chat ${B}'")}REDIS_PREFIX="${'${B}'}_${'${A}'}:"\n`,
  ],
  ['with a name in escaped quotes', changed('"Chat Room"', '"My \\"App\\" @ \\$5"')],
  ['with lines in a value', `KEY="-----BEGIN\nAPP_NAME=no\n-----END"\n${SKELETON}`],
  ['with an empty name', changed('"Chat Room"', '')],
  ['without a driver', changed('BROADCAST_CONNECTION=redis', '')],
  ['with the driver under both names', `BROADCAST_DRIVER=null\n${SKELETON}`],
  [
    'with a password full of marks',
    changed('REDIS_PASSWORD=null', `REDIS_PASSWORD='p#a"s\\s $A \${A}'`),
  ],
]

const SCRIPT = `
require 'vendor/autoload.php';
$app = require 'bootstrap/app.php';
$app->make(Illuminate\\Contracts\\Console\\Kernel::class)->bootstrap();
echo json_encode([
  'variables' => Dotenv\\Dotenv::parse(file_get_contents('.env')),
  'driver' => config('broadcasting.default'),
  'prefix' => config('database.redis.options.prefix'),
  'password' => config('database.redis.default.password'),
]);`

/** What Laravel makes of it: the application's own view of itself. */
async function inLaravel(directory: string) {
  const env = { PATH: process.env['PATH'] }
  const { stdout } = await promisify(execFile)('php', ['-r', SCRIPT], { cwd: directory, env })
  return JSON.parse(stdout)
}

/** What it tells this server. */
function here(directory: Directory) {
  const flags = { laravel: directory.path }
  const reading = readConfig({ flags, environment: {}, directory: directory.path })
  if (!reading.valid) throw new Error(reading.problems.map(({ message }) => message).join('\n'))
  const { config } = reading
  return {
    prefix: config.apps[0]?.laravel.redisPrefix,
    password: config.redis.url && (decodeURIComponent(new URL(config.redis.url).password) || null),
  }
}

// The oldest and the newest; the driver's variable has another name in the old one.
describe.each([
  ['9', 'BROADCAST_DRIVER'],
  ['12', 'BROADCAST_CONNECTION'],
] as const)('a .env of Laravel %s', (version, variable) => {
  const ofVersion = (dotenv: string) => dotenv.replace('BROADCAST_CONNECTION', variable)

  it.each(FILES)('%s is read as Laravel reads it', async (_what, dotenv) => {
    using directory = new Directory()
    await layOut(directory.path, version)
    directory.write('.env', ofVersion(dotenv))
    const { variables, driver, prefix, password } = await inLaravel(directory.path)
    const { entries, invalidLines } = parseEnvFile(directory.read('.env').replace('\uFEFF', ''))
    expect(Object.fromEntries([...entries].map(([name, { value }]) => [name, value]))).toEqual(
      variables,
    )
    expect(invalidLines).toEqual([])
    if (driver === 'redis') expect(here(directory)).toEqual({ prefix, password })
    else expect(here(directory)).toEqual({ prefix: undefined, password: undefined })
  })
})

it('an app without a configuration of Redis has the prefix of its framework', async () => {
  using directory = new Directory()
  await layOut(directory.path, '12')
  rmSync(directory.file('config/database.php'))
  directory.write('.env', SKELETON)
  const { prefix } = await inLaravel(directory.path)
  expect(prefix).toBe('chat_room_database_')
  expect(here(directory)).toMatchObject({ prefix })
})
