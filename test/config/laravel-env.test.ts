import { describe, expect, it } from 'vitest'
import { createCertificate } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { loaded, problemsIn } from '../support/reading.ts'
import { type App, changed, given, INSTALLED, PUSHER, said } from './laravel-app.ts'

const FRAMEWORK = `<?php return ['redis' => [
  'options' => [
    'prefix' => env('REDIS_PREFIX', Str::slug((string) env('APP_NAME', 'laravel'), '_').'_database_'),
  ],
]];`

function certificateFiles() {
  using directory = new Directory()
  createCertificate(directory)
  return { 'cert.pem': directory.read('cert.pem'), 'key.pem': directory.read('key.pem') }
}

describe('an app set up by reverb:install', () => {
  it('works unchanged', () => {
    const { config } = loaded(given({ dotenv: INSTALLED }))
    expect(config.host).toBe('0.0.0.0')
    expect(config.port).toBe(8081)
    expect(config.redis.url).toBeUndefined()
    expect(config.apps).toEqual([
      expect.objectContaining({
        id: '725867',
        key: 'dq7nzk3ujvjwsuykx9xk',
        secret: 'qhyg8aifcpvz1iqt8l4r',
        allowedOrigins: ['*'],
        laravel: expect.not.objectContaining({ redisPrefix: expect.anything() }),
      }),
    ])
  })

  it('is told what was taken, and from which variable, without the secret', () => {
    const { notices } = loaded(given({ dotenv: INSTALLED }))
    const taken = notices.filter(({ message }) => message === 'taken from the Laravel app')
    expect(taken.map(({ level, fields }) => [level, fields])).toEqual([
      ['info', { option: 'port', value: 8081, variable: 'REVERB_PORT' }],
      ['info', { option: 'apps[0].id', value: '725867', variable: 'REVERB_APP_ID' }],
      [
        'info',
        { option: 'apps[0].key', value: 'dq7nzk3ujvjwsuykx9xk', variable: 'REVERB_APP_KEY' },
      ],
      ['info', { option: 'apps[0].secret', value: '********', variable: 'REVERB_APP_SECRET' }],
    ])
    expect(JSON.stringify(notices)).not.toContain('qhyg8aifcpvz1iqt8l4r')
  })

  it('is told that its Redis is left alone and how to let in its own pages only', () => {
    expect(said({ dotenv: INSTALLED })).toEqual([
      {
        level: 'info',
        message: "the app's Redis is left alone: it broadcasts another way",
        fields: { BROADCAST_CONNECTION: 'reverb' },
      },
      {
        level: 'info',
        message: 'allowedOrigins (RESOUND_APP_ALLOWED_ORIGINS) can name the pages of the app alone',
        fields: { allowedOrigins: 'http://localhost' },
      },
    ])
  })

  it('is told nothing of origins where they are limited, or APP_URL has none', () => {
    const limited = {
      dotenv: INSTALLED,
      environment: { RESOUND_APP_ALLOWED_ORIGINS: 'https://chat.example.com' },
    }
    const withoutUrl = { dotenv: changed(['APP_URL=http://localhost', 'APP_URL=localhost']) }
    for (const app of [limited, withoutUrl]) {
      expect(said(app).filter(({ message }) => /origin/i.test(message))).toEqual([])
    }
  })
})

describe('the port', () => {
  it.each([
    ['where Laravel publishes on this machine', INSTALLED, 8081],
    ['of REVERB_SERVER_PORT first', `${INSTALLED}REVERB_SERVER_PORT=9000\n`, 9000],
    ['of our own behind TLS', changed(['REVERB_SCHEME=http', 'REVERB_SCHEME=https']), 8080],
    ['of our own behind a name', changed(['"localhost"', '"ws.example.com"']), 8080],
    ['of a .test name', changed(['"localhost"', '"chat.test"']), 8081],
    ['of our own without one', changed(['REVERB_PORT=8081', '']), 8080],
    ['of Pusher’s names', `BROADCAST_CONNECTION=pusher\n${PUSHER}`, 6001],
  ])('is that %s', (_what, dotenv, port) => {
    expect(loaded(given({ dotenv })).config.port).toBe(port)
  })
})

describe('the credentials', () => {
  it.each([
    ['reverb', 'dq7nzk3ujvjwsuykx9xk'],
    ['redis', 'dq7nzk3ujvjwsuykx9xk'],
    ['pusher', 'pusher-key'],
  ])('are those of BROADCAST_CONNECTION=%s, where both are there', (driver, key) => {
    const dotenv = changed(['=reverb', `=${driver}`]) + PUSHER
    const files = { 'vendor/laravel/framework/config/database.php': FRAMEWORK }
    expect(loaded(given({ dotenv, files })).config.apps[0]?.key).toBe(key)
  })

  it('are those of BROADCAST_DRIVER, which Laravel 10 has', () => {
    const dotenv = changed(['BROADCAST_CONNECTION=reverb', 'BROADCAST_DRIVER=pusher']) + PUSHER
    expect(loaded(given({ dotenv })).config.apps[0]?.key).toBe('pusher-key')
  })

  it('must be complete', () => {
    const dotenv = changed(['REVERB_APP_SECRET=qhyg8aifcpvz1iqt8l4r', 'REVERB_APP_SECRET='])
    expect(problemsIn(given({ dotenv }))).toEqual([
      'REVERB_APP_SECRET is missing: REVERB_APP_ID alone does not define an app',
    ])
  })

  it('are generated for an app that has none', () => {
    const dotenv = 'BROADCAST_CONNECTION=redis\nREDIS_PREFIX=app_\n'
    const { config, originOf } = loaded(given({ dotenv }))
    expect(originOf(['apps', 0, 'key'])).toMatchObject({ kind: 'generated' })
    expect(config.apps[0]?.laravel.redisPrefix).toBe('app_')
  })

  it('give way to the environment, as in Laravel', () => {
    const environment = { REVERB_APP_SECRET: 'from-the-environment' }
    const { config } = loaded(given({ dotenv: INSTALLED, environment }))
    expect(config.apps[0]).toMatchObject({ id: '725867', secret: 'from-the-environment' })
  })
})

describe('Redis', () => {
  const redis = (more = '') =>
    `APP_NAME="Chat Room"\nAPP_URL=https://app.test\nBROADCAST_CONNECTION=redis\n${more}`

  it('is where the app publishes, with the prefix of its framework', () => {
    const { config, originOf } = loaded(
      given({
        dotenv: redis('REDIS_HOST=cache\nREDIS_PASSWORD="p#w"\nREDIS_PORT=6380\n'),
        files: { 'vendor/laravel/framework/config/database.php': FRAMEWORK },
      }),
    )
    expect(config.redis.url).toBe('redis://:p%23w@cache:6380')
    expect(config.apps[0]?.laravel.redisPrefix).toBe('chat_room_database_')
    expect(originOf(['redis', 'url'])).toEqual({
      kind: 'laravel',
      file: 'app/.env',
      variable: 'REDIS_HOST, REDIS_PASSWORD, REDIS_PORT',
    })
    expect(originOf(['apps', 0, 'laravel', 'redisPrefix'])).toEqual({
      kind: 'laravel',
      file: 'app/vendor/laravel/framework/config/database.php',
      variable: 'database.redis.options.prefix',
    })
  })

  it('is on this machine by default, as in Laravel', () => {
    const { config } = loaded(given({ dotenv: redis('REDIS_PREFIX=app_\n') }))
    expect(config.redis.url).toBe('redis://127.0.0.1')
  })

  it('has the prefix that the .env names, also an empty one', () => {
    const prefix = (line: string) =>
      loaded(given({ dotenv: redis(line) })).config.apps[0]?.laravel.redisPrefix
    expect(prefix('REDIS_PREFIX=app_\n')).toBe('app_')
    expect(prefix('REDIS_PREFIX=\n')).toBe('')
  })

  it('is heard beside another driver where the .env names a prefix', () => {
    const { config } = loaded(given({ dotenv: `${INSTALLED}REDIS_PREFIX=app_\n` }))
    expect(config.redis.url).toBe('redis://127.0.0.1:6379')
    expect(config.apps[0]?.laravel.redisPrefix).toBe('app_')
  })

  it('states how the prefix was derived', () => {
    const files = { 'config/database.php': FRAMEWORK }
    expect(said({ dotenv: redis(), files })).toContainEqual({
      level: 'info',
      message: 'the Redis prefix is derived, as the .env has no REDIS_PREFIX',
      fields: {
        prefix: 'chat_room_database_',
        rule: "Str::slug(APP_NAME, '_').'_database_'",
        file: 'config/database.php',
      },
    })
  })

  it('has a prefix that the app may not read from its .env', () => {
    const files = {
      'config/database.php': FRAMEWORK.replace(/env\('REDIS_PREFIX', (.*)\),/, '$1,'),
    }
    expect(said({ dotenv: redis('REDIS_PREFIX=app_\n'), files })).toContainEqual({
      level: 'warn',
      message: "the app's configuration does not read REDIS_PREFIX, and has another",
      fields: {
        REDIS_PREFIX: 'app_',
        prefix: 'chat_room_database_',
        file: 'config/database.php',
      },
    })
    const read = { 'config/database.php': FRAMEWORK }
    const messages = said({ dotenv: redis('REDIS_PREFIX=app_\n'), files: read })
    expect(messages.filter(({ level }) => level === 'warn')).toEqual([])
  })

  it('is found through Sentinels, by the variables of the packages that add them', () => {
    const dotenv = redis(
      'REDIS_PREFIX=app_\nREDIS_PASSWORD=p\nREDIS_SENTINEL_HOST=a,b:26380\nREDIS_SENTINEL_SERVICE=main\nREDIS_SENTINEL_PASSWORD=s\n',
    )
    expect(loaded(given({ dotenv })).config.redis).toMatchObject({
      url: 'redis://:p@main',
      sentinels: ['redis://:s@a:26379', 'redis://:s@b:26380'],
    })
  })

  it.each([
    [
      'other names for Sentinels',
      { dotenv: redis('REDIS_PREFIX=a_\nREDIS_SENTINELS=a,b\n') },
      'these variables are not read: RESOUND_REDIS_SENTINELS names the Sentinels, and the host of RESOUND_REDIS_URL the master',
    ],
    [
      'a Redis Cluster',
      {
        dotenv: redis(),
        files: {
          'config/database.php': FRAMEWORK.replace(
            "'options'",
            "'clusters' => ['default' => []],\n  'options'",
          ),
        },
      },
      'the app can publish to a Redis Cluster: RESOUND_REDIS_CLUSTER names its nodes, of which any hears all',
    ],
  ])('is said to need %s by another way', (_what, app, message) => {
    expect(said(app).map((one) => one.message)).toContain(message)
  })

  it('stops the start where the prefix cannot be told, unless it is given', () => {
    const problem =
      "--laravel: the app's Redis prefix cannot be told, because neither config/database.php nor composer.lock is there to tell it; set REDIS_PREFIX in its .env, or RESOUND_APP_LARAVEL_REDIS_PREFIX"
    expect(problemsIn(given({ dotenv: redis() }))).toEqual([problem])
    const environment = { RESOUND_APP_LARAVEL_REDIS_PREFIX: 'app_' }
    expect(problemsIn(given({ dotenv: redis(), environment }))).toEqual([])
  })
})

describe('the authorisation bridge', () => {
  const redis = (more: string) => `BROADCAST_CONNECTION=redis\nREDIS_PREFIX=app_\n${more}`
  const warned = (app: App) =>
    said(app).filter(({ message }) => /private and presence|asked at/.test(message))

  it('asks the app where it is, and the page is told what it needs', () => {
    const dotenv = redis(
      'APP_URL=https://app.test/chat/\nREVERB_APP_ID=1\nREVERB_APP_KEY=k\nREVERB_APP_SECRET=s\n',
    )
    const environment = { RESOUND_PATH_PREFIX: '/ws' }
    const { config, originOf } = loaded(given({ dotenv, environment }))
    expect(config.apps[0]?.laravel.authUrl).toBe('https://app.test/chat/')
    expect(originOf(['apps', 0, 'laravel', 'authUrl'])).toEqual({
      kind: 'laravel',
      file: 'app/.env',
      variable: 'APP_URL',
    })
    expect(warned({ dotenv, environment })).toEqual([
      {
        level: 'info',
        message:
          "private and presence channels are authorised here: say so in the page's Echo options",
        fields: {
          authEndpoint: '/ws/apps/1/auth',
          'userAuthentication.endpoint': '/ws/apps/1/user-auth',
        },
      },
    ])
  })

  it('asks where our own variable says', () => {
    const environment = { RESOUND_APP_LARAVEL_AUTH_URL: 'http://127.0.0.1:8001' }
    const { config } = loaded(given({ dotenv: redis('APP_URL=https://app.test\n'), environment }))
    expect(config.apps[0]?.laravel.authUrl).toBe('http://127.0.0.1:8001')
  })

  it.each([
    '',
    'APP_URL=app.test:8000\n',
    'APP_URL=https://ann@app.test\n',
    'APP_URL=ftp://app.test\n',
  ])('is not there for an app with %j', (line) => {
    const dotenv = redis(line)
    expect(loaded(given({ dotenv })).config.apps[0]?.laravel.authUrl).toBeUndefined()
    expect(warned({ dotenv }).map(({ level }) => level)).toEqual(['info'])
  })

  it('is not there for other drivers, which sign by themselves', () => {
    const { config } = loaded(given({ dotenv: INSTALLED }))
    expect(config.apps[0]?.laravel.authUrl).toBeUndefined()
    expect(warned({ dotenv: INSTALLED })).toEqual([])
  })

  it('warns of the address that every new app has', () => {
    expect(warned({ dotenv: redis('APP_URL=http://localhost\n') })).toContainEqual({
      level: 'warn',
      message:
        'the app is asked at port 80 who may subscribe: with php artisan serve, APP_URL is http://localhost:8000',
      fields: { APP_URL: 'http://localhost' },
    })
  })
})

describe('a contradiction is named:', () => {
  it.each<[string, App, string, Readonly<Record<string, unknown>>]>([
    [
      'an app that logs its broadcasts',
      { dotenv: changed(['=reverb', '=log']) },
      'the app does not broadcast to this server: set BROADCAST_CONNECTION=reverb',
      { BROADCAST_CONNECTION: 'log' },
    ],
    [
      'an app that does not broadcast',
      { dotenv: changed(['BROADCAST_CONNECTION=reverb', '']) },
      'the app does not broadcast to this server: set BROADCAST_CONNECTION=reverb',
      { BROADCAST_CONNECTION: 'null' },
    ],
    [
      'a driver without its credentials',
      { dotenv: changed(['=reverb', '=pusher']) },
      'the app broadcasts with credentials that its .env does not have',
      { BROADCAST_CONNECTION: 'pusher', taken: 'REVERB_APP_*' },
    ],
    [
      'a pusher driver without a host',
      { dotenv: `BROADCAST_CONNECTION=pusher\n${PUSHER.replace('PUSHER_HOST=127.0.0.1', '')}` },
      'PUSHER_HOST is not set: Laravel publishes to pusher.com and not to this server',
      { BROADCAST_CONNECTION: 'pusher' },
    ],
    [
      'a reverb driver without a host',
      { dotenv: changed(['REVERB_HOST="localhost"', '']) },
      'REVERB_HOST is not set: Laravel has nowhere to publish to',
      { BROADCAST_CONNECTION: 'reverb' },
    ],
    [
      'another key in the browser',
      { dotenv: changed([`VITE_REVERB_APP_KEY="\${REVERB_APP_KEY}"`, 'VITE_REVERB_APP_KEY=old']) },
      'browsers would connect with another app key than the server has',
      { VITE_REVERB_APP_KEY: 'old', REVERB_APP_KEY: 'dq7nzk3ujvjwsuykx9xk' },
    ],
    [
      'https without TLS here',
      { dotenv: changed(['REVERB_SCHEME=http', 'REVERB_SCHEME=https']) },
      'the app expects https: a proxy in front of this server must terminate TLS',
      { REVERB_SCHEME: 'https' },
    ],
    [
      'http with TLS here',
      {
        dotenv: INSTALLED,
        files: certificateFiles(),
        environment: { RESOUND_TLS_CERT: 'app/cert.pem', RESOUND_TLS_KEY: 'app/key.pem' },
      },
      'the app expects http, and this server speaks TLS',
      { REVERB_SCHEME: 'http' },
    ],
    [
      'another port',
      { dotenv: INSTALLED, environment: { RESOUND_PORT: '9000' } },
      'the app expects another port than this server listens on',
      { REVERB_PORT: 8081, port: 9000 },
    ],
    [
      'another app here',
      {
        dotenv: INSTALLED,
        environment: { RESOUND_APP_ID: '1', RESOUND_APP_KEY: 'k', RESOUND_APP_SECRET: 's' },
      },
      "the Laravel app's key is none of the apps configured here",
      { REVERB_APP_KEY: 'dq7nzk3ujvjwsuykx9xk' },
    ],
    [
      'cached configuration',
      { dotenv: INSTALLED, files: { 'bootstrap/cache/config.php': '<?php' } },
      'the app runs from cached configuration, not from its .env: php artisan config:clear',
      { file: 'bootstrap/cache/config.php' },
    ],
    [
      'lines that Laravel does not read',
      { dotenv: `APP_NAME=Chat Room\n${INSTALLED}` },
      'the .env has lines that Laravel may not be able to read',
      { file: 'app/.env', lines: [1] },
    ],
  ])('%s', (_what, app, message, fields) => {
    const contradiction = expect.objectContaining({ level: 'warn', message, fields })
    expect(said(app)).toContainEqual(contradiction)
  })

  it('nothing where there is none', () => {
    expect(said({ dotenv: INSTALLED }).filter(({ level }) => level === 'warn')).toEqual([])
  })
})

it('says that queued events need a worker, unless the queue is sync', () => {
  const notice = {
    level: 'info',
    message: 'queued events are broadcast by a queue worker only: php artisan queue:work',
    fields: { QUEUE_CONNECTION: 'database' },
  }
  expect(said({ dotenv: `${INSTALLED}QUEUE_CONNECTION=database\n` })).toContainEqual(notice)
  const messages = said({ dotenv: `${INSTALLED}QUEUE_CONNECTION=sync\n` }).map((one) => one.message)
  expect(messages).not.toContain(notice.message)
})
