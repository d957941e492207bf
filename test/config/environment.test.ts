import { describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/config/environment.ts'
import { Directory } from '../support/directory.ts'
import { APP_VARIABLES, loaded, problemsIn } from '../support/reading.ts'

/** What one variable sets, as option and value. */
function set(variable: string, text: string): readonly unknown[] {
  return readEnvironment({ [variable]: text }).settings.map(({ path, value }) => [
    path.join('.'),
    value,
  ])
}

describe('a variable', () => {
  it.each([
    ['RESOUND_HOST', '::1', 'host', '::1'],
    ['RESOUND_PORT', '9000', 'port', 9000],
    ['RESOUND_TLS_CERT', '/cert.pem', 'tls.cert', '/cert.pem'],
    ['RESOUND_LIMITS_EVENT_BYTES', '5', 'limits.eventBytes', 5],
    ['RESOUND_LOG_LEVEL', 'debug', 'log.level', 'debug'],
    ['RESOUND_APP_ID', '007', 'apps.0.id', '007'],
    ['RESOUND_APP_CLIENT_EVENTS', 'true', 'apps.0.clientEvents', true],
    ['RESOUND_APP_CLIENT_EVENTS', '1', 'apps.0.clientEvents', true],
    ['RESOUND_APP_CLIENT_EVENTS', 'On', 'apps.0.clientEvents', true],
    ['RESOUND_APP_CLIENT_EVENTS', 'yes', 'apps.0.clientEvents', true],
    ['RESOUND_APP_ENABLED', 'false', 'apps.0.enabled', false],
    ['RESOUND_APP_ENABLED', '0', 'apps.0.enabled', false],
    ['RESOUND_APP_ENABLED', 'off', 'apps.0.enabled', false],
    ['RESOUND_APP_ENABLED', 'NO', 'apps.0.enabled', false],
    ['RESOUND_APP_LIMITS_EVENT_BYTES', '7', 'apps.0.limits.eventBytes', 7],
    ['RESOUND_APP_LARAVEL_REDIS_PREFIX', '', 'apps.0.laravel.redisPrefix', ''],
    [
      'RESOUND_APP_ALLOWED_ORIGINS',
      'https://a.test, b.test,',
      'apps.0.allowedOrigins',
      ['https://a.test', 'b.test'],
    ],
    ['RESOUND_APP_WEBHOOKS_URL', 'https://a.test', 'apps.0.webhooks.0.url', 'https://a.test'],
    [
      'RESOUND_APP_WEBHOOKS_EVENTS',
      'member_added, member_removed',
      'apps.0.webhooks.0.events',
      ['member_added', 'member_removed'],
    ],
    [
      'RESOUND_APP_WEBHOOKS_HEADERS',
      '{"X-A": "a, b"}',
      'apps.0.webhooks.0.headers',
      { 'X-A': 'a, b' },
    ],
    ['RESOUND_REDIS_CLUSTER', 'redis://a, redis://b', 'redis.cluster', ['redis://a', 'redis://b']],
  ])('%s=%s sets %s', (variable, text, option, value) => {
    expect(set(variable, text)).toEqual([[option, value]])
  })

  it('that is empty counts as unset', () => {
    expect(set('RESOUND_PORT', '')).toEqual([])
    expect(set('RESOUND_APP_SECRET_FILE', '')).toEqual([])
  })

  it.each([
    ['RESOUND_PORT', '80a', 'RESOUND_PORT: port must be a whole number from 0 to 65535, not "80a"'],
    [
      'RESOUND_PORT',
      '0x50',
      'RESOUND_PORT: port must be a whole number from 0 to 65535, not "0x50"',
    ],
    ['RESOUND_PORT', ' 80', 'RESOUND_PORT: port must be a whole number from 0 to 65535, not " 80"'],
    [
      'RESOUND_PORT',
      '99999',
      'RESOUND_PORT: port must be a whole number from 0 to 65535, not 99999',
    ],
    [
      'RESOUND_APP_ENABLED',
      'maybe',
      'RESOUND_APP_ENABLED: apps[0].enabled must be true or false, not "maybe"',
    ],
    [
      'RESOUND_APP_SECRET',
      'a b',
      'RESOUND_APP_SECRET: apps[0].secret must be text of 1 to 200 characters without spaces',
    ],
    [
      'RESOUND_REDIS_URL',
      'host:6379',
      'RESOUND_REDIS_URL: redis.url must be a redis:// or rediss:// URL',
    ],
    [
      'RESOUND_REDIS_CLUSTER',
      'redis://a,b:hidden',
      'RESOUND_REDIS_CLUSTER: redis.cluster[1] does not fit: redis.cluster must be a list of redis:// or rediss:// URLs',
    ],
    [
      'RESOUND_PROT',
      '80',
      'RESOUND_PROT: this variable is not an option; did you mean RESOUND_PORT?',
    ],
    [
      'RESOUND_APP_SECRT_FILE',
      '/x',
      'RESOUND_APP_SECRT_FILE: this variable is not an option; did you mean RESOUND_APP_SECRET_FILE?',
    ],
    [
      'RESOUND_CONFIG_FILE',
      '/x',
      'RESOUND_CONFIG_FILE: this variable is not an option; did you mean RESOUND_CONFIG?',
    ],
    ['RESOUND_WEBHOOKS', 'x', 'RESOUND_WEBHOOKS: this variable is not an option'],
    [
      'RESOUND_APPS',
      '[]',
      'RESOUND_APPS: this variable is not an option; did you mean RESOUND_APP_ID?',
    ],
    ['RESOUND_', 'x', 'RESOUND_: this variable is not an option'],
  ])('%s=%s is refused', (variable, text, problem) => {
    expect(problemsIn({ environment: { ...APP_VARIABLES, [variable]: text } })).toEqual([problem])
  })

  it('of another program is nobody’s business here', () => {
    expect(readEnvironment({ PATH: '/bin', RESOUNDING: '1', resound_port: '1' })).toEqual({
      settings: [],
      problems: [],
      serviceLinks: [],
    })
  })

  it.each([
    ['RESOUND_SERVICE_HOST', '10.0.0.1'],
    ['RESOUND_SERVICE_PORT', '8080'],
    ['RESOUND_SERVICE_PORT_HTTP', '8080'],
    ['RESOUND_PORT', 'tcp://10.0.0.1:8080'],
    ['RESOUND_PORT_8080_TCP', 'tcp://10.0.0.1:8080'],
    ['RESOUND_PORT_8080_TCP_ADDR', '10.0.0.1'],
    ['RESOUND_ADMIN_PORT', 'tcp://10.0.0.2:9601'],
  ])('%s=%s, which Kubernetes sets for a Service, is left alone and named', (variable, text) => {
    const { config, notices } = loaded({ environment: { ...APP_VARIABLES, [variable]: text } })
    expect(config).toMatchObject({ port: 8080, admin: { port: 9601 } })
    expect(notices).toEqual([
      {
        level: 'info',
        message: 'these variables come from Kubernetes (enableServiceLinks) and are left alone',
        fields: { variables: [variable] },
      },
    ])
  })
})

it('variables define one app with one webhook', () => {
  const environment = {
    ...APP_VARIABLES,
    RESOUND_APP_WEBHOOKS_URL: 'https://a.test/hook',
    RESOUND_APP_WEBHOOKS_EVENTS: 'member_added,channel_occupied',
    RESOUND_APP_WEBHOOKS_CHANNEL_PREFIX: 'presence-',
    RESOUND_APP_WEBHOOKS_HEADERS: '{"X-A":"b"}',
  }
  expect(loaded({ environment }).config.apps).toEqual([
    expect.objectContaining({
      id: '1',
      webhooks: [
        {
          url: 'https://a.test/hook',
          events: ['member_added', 'channel_occupied'],
          channelPrefix: 'presence-',
          headers: { 'X-A': 'b' },
          allowPrivateAddress: false,
        },
      ],
    }),
  ])
})

it('a webhook by variables needs its URL', () => {
  const environment = { ...APP_VARIABLES, RESOUND_APP_WEBHOOKS_EVENTS: 'member_added' }
  expect(problemsIn({ environment })).toEqual([
    'apps[0].webhooks[0].url is required (RESOUND_APP_WEBHOOKS_URL)',
  ])
})

it.each([
  ['X-A: hidden', 'apps[0].webhooks[0].headers must be'],
  [
    '{"X-A":["hidden"]}',
    'apps[0].webhooks[0].headers.X-A does not fit: apps[0].webhooks[0].headers must be',
  ],
])('the headers of a webhook cannot be %s', (text, problem) => {
  const environment = {
    ...APP_VARIABLES,
    RESOUND_APP_WEBHOOKS_URL: 'https://a.test',
    RESOUND_APP_WEBHOOKS_HEADERS: text,
  }
  expect(problemsIn({ environment })).toEqual([
    `RESOUND_APP_WEBHOOKS_HEADERS: ${problem} an object of header names and values, in ASCII`,
  ])
})

describe('a variable with _FILE', () => {
  it.each([
    ['without its newline', 'from-file\n', 'from-file'],
    ['without a Windows newline', 'from-file\r\n', 'from-file'],
    ['as it is otherwise', 'from-file\n\n', 'from-file\n'],
  ])('reads the value from the file, %s', (_what, content, value) => {
    using directory = new Directory({ secret: content })
    const file = directory.file('secret')
    const { settings } = readEnvironment({ RESOUND_APP_NAME_FILE: file })
    expect(settings).toEqual([
      {
        path: ['apps', 0, 'name'],
        value,
        origin: { kind: 'environment', variable: 'RESOUND_APP_NAME_FILE' },
      },
    ])
  })

  it.each([
    ['RESOUND_APP_SECRET', 'a'],
    ['RESOUND_APP_LARAVEL_REDIS_PREFIX', ''],
  ])('cannot stand beside %s=%s itself', (variable, text) => {
    const environment = { [variable]: text, [`${variable}_FILE`]: '/b' }
    expect(readEnvironment(environment).problems).toEqual([
      {
        code: 'RESOUND_CONFIG_INVALID',
        place: `${variable}_FILE`,
        message: `${variable} is set as well; only one of the two can count`,
      },
    ])
  })

  it('says that the file cannot be read', () => {
    using directory = new Directory()
    const file = directory.file('missing')
    expect(readEnvironment({ RESOUND_APP_SECRET_FILE: file }).problems).toEqual([
      {
        code: 'RESOUND_CONFIG_UNREADABLE',
        place: 'RESOUND_APP_SECRET_FILE',
        message: `the file ${file} cannot be read (ENOENT)`,
      },
    ])
  })

  it('takes an empty file for a value, which a secret must not have', () => {
    using directory = new Directory({ secret: '\n' })
    const environment = {
      RESOUND_APP_ID: '1',
      RESOUND_APP_KEY: 'k',
      RESOUND_APP_SECRET_FILE: directory.file('secret'),
    }
    expect(problemsIn({ environment })).toEqual([
      'RESOUND_APP_SECRET_FILE: apps[0].secret must be text of 1 to 200 characters without spaces',
    ])
  })
})
