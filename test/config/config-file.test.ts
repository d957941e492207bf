import { expect, it } from 'vitest'
import { loaded, problemsIn } from '../support/reading.ts'

const APP = '{"id":"1","key":"k","secret":"s"}'

it.each([
  ['nothing', '', 'resound.json:1:1: is not JSON: value expected'],
  [
    'a missing comma',
    '{\n  "host": "a"\n  "port": 1\n}',
    'resound.json:3:3: is not JSON: comma expected',
  ],
  [
    'a comma too many',
    '{\n  "port": 1,\n}',
    'resound.json:3:1: is not JSON: property name expected',
  ],
  ['a comment', '{\n  // here\n}', 'resound.json:2:3: is not JSON: invalid comment token'],
  ['single quotes', "{'port': 1}", 'resound.json:1:2: is not JSON: invalid symbol'],
  ['text after the end', '{}\n{}', 'resound.json:2:1: is not JSON: end of file expected'],
  ['no end', '{"port": 1', 'resound.json:1:11: is not JSON: close brace expected'],
  ['a key twice', '{\n  "port": 1,\n  "port": 2\n}', 'resound.json:3:3: port is there twice'],
  ['another type', '[]', 'resound.json:1:1: the file must hold an object'],
  ['a word', '5', 'resound.json:1:1: the file must hold an object'],
  ['null', 'null', 'resound.json:1:1: the file must hold an object'],
])('refuses %s, and says where', (_what, content, problem) => {
  expect(problemsIn({ files: { 'resound.json': content } })).toEqual([problem])
})

// The key's place, then what is wrong with its value.
it.each([
  ['"prot": 1', 'prot is not an option; did you mean port?'],
  ['"plugins": []', 'plugins is not an option'],
  ['"__proto__": {"port": 1}', '__proto__ is not an option'],
  ['"constructor": 1', 'constructor is not an option'],
  ['"port": "8080"', 'port must be a whole number from 0 to 65535, not "8080"'],
  ['"port": 65536', 'port must be a whole number from 0 to 65535, not 65536'],
  ['"port": -1', 'port must be a whole number from 0 to 65535, not -1'],
  ['"port": 1.5', 'port must be a whole number from 0 to 65535, not 1.5'],
  ['"port": null', 'port must be a whole number from 0 to 65535, not null'],
  ['"port": true', 'port must be a whole number from 0 to 65535, not true'],
  ['"port": []', 'port must be a whole number from 0 to 65535'],
  ['"port": {"a": 1}', 'port must be a whole number from 0 to 65535'],
  ['"host": ""', 'host must be text, not empty, not ""'],
  ['"host": 1', 'host must be text, not empty, not 1'],
  [
    '"pathPrefix": "reverb"',
    'pathPrefix must be empty, or a path like /reverb without a slash at its end, not "reverb"',
  ],
  [
    '"pathPrefix": "/a/"',
    'pathPrefix must be empty, or a path like /reverb without a slash at its end, not "/a/"',
  ],
  ['"limits": 5', 'limits must be an object'],
  [
    '"limits": {"eventBytes": 0}',
    'limits.eventBytes must be a whole number from 1 to 16777216, not 0',
  ],
  [
    '"limits": {"eventsBytes": 1}',
    'limits.eventsBytes is not an option; did you mean limits.eventBytes?',
  ],
  ['"apps": {}', 'apps must be a list of objects'],
  ['"apps": [5]', 'apps[0] must be an object'],
  [
    '"apps": [{"id":true,"key":"k","secret":"s"}]',
    'apps[0].id must be 1 to 64 letters, digits, _ and -, not true',
  ],
  [
    '"apps": [{"id":"a b","key":"k","secret":"s"}]',
    'apps[0].id must be 1 to 64 letters, digits, _ and -, not "a b"',
  ],
  [
    '"apps": [{"id":"1","key":"k/","secret":"s"}]',
    'apps[0].key must be 1 to 64 letters, digits, _ and -, not "k/"',
  ],
  ['"apps": [{"id":"1","key":"k"}]', 'apps[0].secret is required (RESOUND_APP_SECRET)'],
  [
    '"apps": [{"id":"1","key":"k","secret":"top secret"}]',
    'apps[0].secret must be text of 1 to 200 characters without spaces',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","clientEvents":"yes"}]',
    'apps[0].clientEvents must be true or false, not "yes"',
  ],
  ['"apps": [{"id":"1","key":"k","secret":"s","hooks":[]}]', 'apps[0].hooks is not an option'],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","limits":{"messageBytes":512}}]',
    'apps[0].limits.messageBytes is not an option',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","allowedOrigins":["*",3]}]',
    'apps[0].allowedOrigins[1] does not fit: apps[0].allowedOrigins must be a list of texts of 1 to 300 characters',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","webhooks":{}}]',
    'apps[0].webhooks must be a list of objects',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","webhooks":["https://a.test"]}]',
    'apps[0].webhooks[0] must be an object',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","webhooks":[{"url":"ftp://a.test"}]}]',
    'apps[0].webhooks[0].url must be an http:// or https:// URL',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","webhooks":[{"url":"https://a.test","events":["vacated"]}]}]',
    'apps[0].webhooks[0].events[0] does not fit: apps[0].webhooks[0].events must be a list of channel_occupied, channel_vacated, member_added, member_removed, client_event, cache_miss, subscription_count',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","webhooks":[{"url":"https://a.test","headers":{"X A":"b"}}]}]',
    'apps[0].webhooks[0].headers.X A does not fit: apps[0].webhooks[0].headers must be an object of header names and values, in ASCII',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","webhooks":[{"url":"https://a.test","headers":{"X-A":"é"}}]}]',
    'apps[0].webhooks[0].headers.X-A does not fit: apps[0].webhooks[0].headers must be an object of header names and values, in ASCII',
  ],
  [
    '"redis": {"cluster": ["redis://a", "b:hidden"]}',
    'redis.cluster[1] does not fit: redis.cluster must be a list of redis:// or rediss:// URLs',
  ],
  [
    '"postgres": {"url": "postgres://h/db?sslmode=require", "tls": {"cert": "/c"}}',
    'postgres.tls.key is required beside postgres.tls.cert',
  ],
  [
    '"postgres": {"url": "postgres://h/db", "tls": {"ca": "/ca"}}',
    'postgres.tls.ca is not used unless postgres.url asks for TLS: end it with ?sslmode=verify-full',
  ],
  [
    '"postgres": {"url": "postgres://u:hidden@h/db?sslmode=prefer"}',
    'postgres.url may end with ?sslmode=, one of disable, require, verify-ca, verify-full, no-verify, and no more',
  ],
  [
    '"postgres": {"url": "postgres://u:hidden@h/db?sslrootcert=system"}',
    'postgres.url may end with ?sslmode=, one of disable, require, verify-ca, verify-full, no-verify, and no more',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","laravel":{"authUrl":"nothing"}}]',
    'apps[0].laravel.authUrl must be an http:// or https:// URL, not "nothing"',
  ],
  ['"postgres": {"url": "hidden"}', 'postgres.url must be a postgres:// URL'],
  ['"redis": {"url": "http://host"}', 'redis.url must be a redis:// or rediss:// URL'],
  ['"redis": {"url": "secret-host"}', 'redis.url must be a redis:// or rediss:// URL'],
  [
    '"redis": {"url": "redis://:100%@host"}',
    'redis.url has a % that encodes nothing; a literal one is written %25',
  ],
  [
    '"redis": {"url": "redis://h", "cluster": ["redis://a"]}',
    'redis.cluster and url exclude each other: a Redis is a Cluster or is none',
  ],
  [
    '"redis": {"cluster": ["redis://a"], "sentinels": ["redis://b"]}',
    'redis.cluster and sentinels exclude each other: a Cluster has no Sentinels',
  ],
  [
    '"redis": {"sentinels": ["redis://a"]}',
    'redis.url is required beside sentinels: its host is the name of the master',
  ],
  [
    '"redis": {"cluster": ["redis://a", "rediss://b"]}',
    'redis.cluster must be redis:// in all URLs or rediss:// in all',
  ],
  [
    '"redis": {"url": "rediss://h", "tls": {"cert": "/c"}}',
    'redis.tls.key is required beside tls.cert',
  ],
  [
    '"redis": {"url": "redis://h", "tls": {"ca": "/ca"}}',
    'redis.tls.ca is not used unless a URL beside it (url, cluster) begins with rediss://',
  ],
  ['"tls": {"cert": "/cert.pem"}', 'tls.key is required (RESOUND_TLS_KEY)'],
  [
    '"tls": {"cert": "-----BEGIN CERTIFICATE-----", "key": "/k"}',
    'tls.cert must be the path of a PEM file, not its content, not "-----BEGIN CERTIFICATE-----"',
  ],
  [
    '"admin": {"host": "0.0.0.0"}',
    'admin.token is required when admin.host is not a loopback address',
  ],
  [
    '"admin": {"token": "too short"}',
    'admin.token must be text of 16 to 200 characters without spaces',
  ],
  [
    '"log": {"level": "loud"}',
    'log.level must be one of fatal, error, warn, info, debug, trace, silent, not "loud"',
  ],
  [`"apps": [${APP}, ${APP}]`, 'apps[1].id is used by two apps: 1'],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","laravel":{"redisPrefix":"a_"}}]',
    'apps[0].laravel.redisUrl is required beside redisPrefix, unless redis.url is set',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","laravel":{"redisUrl":"redis://h"}}]',
    "apps[0].laravel.redisPrefix is required beside redisUrl: it is the Laravel app's own, and not guessed",
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","laravel":{"redisCluster":["redis://h"]}}]',
    "apps[0].laravel.redisPrefix is required beside redisCluster: it is the Laravel app's own, and not guessed",
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","laravel":{"redisSentinels":["redis://h"]}}]',
    'apps[0].laravel.redisUrl is required beside redisSentinels: its host is the name of the master',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","laravel":{"redisTls":{"ca":"/ca"}}}]',
    'apps[0].laravel.redisTls.ca is not used unless a URL beside it (redisUrl, redisCluster) begins with rediss://',
  ],
  [
    '"apps": [{"id":"1","key":"k","secret":"s","allowedOrigins":["https://a.test"],"laravel":{"authAtSubscribe":true}}]',
    'apps[0].laravel.authUrl is required beside authAtSubscribe: it says where to ask',
  ],
  ...['["*"]', '["https://a.test","https://*"]', '["*:8000"]'].map((origins): [string, string] => [
    `"apps": [{"id":"1","key":"k","secret":"s","allowedOrigins":${origins},"laravel":{"authAtSubscribe":true,"authUrl":"http://l.test"}}]`,
    "apps[0].allowedOrigins must list the app's own origins beside laravel.authAtSubscribe: any page can open a WebSocket with its visitor's cookies",
  ]),
])('refuses %s', (member, message) => {
  const content = member.startsWith('"apps"')
    ? `{\n  ${member}\n}`
    : `{\n  ${member},\n  "apps": [${APP}]\n}`
  const problems = problemsIn({ files: { 'resound.json': content } })
  expect(problems[0]).toMatch(/^resound\.json:2:\d+: /)
  expect(problems[0]?.replace(/^resound\.json:2:\d+: /, '')).toBe(message)
})

it('lists every problem, each with its line and column', () => {
  const content = [
    '{',
    '  "port": 70000,',
    '  "limits": { "eventBytes": "many", "unknown": 1 },',
    '  "apps": [',
    '    { "id": "1", "key": "k", "secret": "s" },',
    '    { "id": "2", "key": "k2", "secret": "" }',
    '  ]',
    '}',
  ].join('\n')
  expect(problemsIn({ files: { 'resound.json': content } })).toEqual([
    'resound.json:2:3: port must be a whole number from 0 to 65535, not 70000',
    'resound.json:6:31: apps[1].secret must be text of 1 to 200 characters without spaces',
    'resound.json:3:15: limits.eventBytes must be a whole number from 1 to 16777216, not "many"',
    'resound.json:3:37: limits.unknown is not an option',
  ])
})

it('names the place of an unknown key in a webhook', () => {
  const content = [
    '{',
    '  "apps": [',
    '    {',
    '      "id": "1", "key": "k", "secret": "s",',
    '      "webhooks": [',
    '        { "url": "https://a.test" },',
    '        { "url": "https://b.test", "channelPrefx": "private-" }',
    '      ]',
    '    }',
    '  ]',
    '}',
  ].join('\n')
  expect(problemsIn({ files: { 'resound.json': content } })).toEqual([
    'resound.json:7:36: apps[0].webhooks[1].channelPrefx is not an option; did you mean apps[0].webhooks[1].channelPrefix?',
  ])
})

it('accepts files for TLS to a PostgreSQL whose URL asks for it', () => {
  const postgres = {
    url: 'postgres://host/db?sslmode=verify-full',
    tls: { ca: '/ca', cert: '/c', key: '/k' },
  }
  expect(problemsIn({ files: { 'resound.json': { postgres } } })).toEqual([])
})

it.each<[string, object, object]>([
  [
    'however its address is written, and whoever the user is',
    { redisUrl: 'redis://ann:a@Host' },
    { redisUrl: 'redis://bob:b@host:6379/1' },
  ],
  [
    'under one name by one Sentinel',
    { redisUrl: 'redis://main', redisSentinels: ['redis://a', 'redis://b'] },
    { redisUrl: 'redis://main', redisSentinels: ['redis://b:26379'] },
  ],
  [
    'by one node of its Cluster',
    { redisCluster: ['redis://a:7000', 'redis://b:7000'] },
    { redisCluster: ['redis://c:7000', 'redis://a:7000'] },
  ],
])('knows one Redis %s', (_what, one, other) => {
  const problems = (prefixes: readonly string[]) =>
    problemsIn({
      files: {
        'resound.json': {
          apps: [one, other].map((laravel, id) => ({
            id,
            key: `k${id}`,
            secret: 's',
            laravel: { ...laravel, redisPrefix: prefixes[id] },
          })),
        },
      },
    })
  expect(problems(['a_', 'a_'])).toEqual([expect.stringContaining('begin alike')])
  expect(problems(['a_', 'b_'])).toEqual([])
})

it.each<[string, object, object]>([
  ['hosts', { redisUrl: 'redis://a' }, { redisUrl: 'redis://b' }],
  [
    'masters of the same Sentinels',
    { redisUrl: 'redis://one', redisSentinels: ['redis://a'] },
    { redisUrl: 'redis://two', redisSentinels: ['redis://a'] },
  ],
])('takes two %s for two', (_what, one, other) => {
  const apps = [one, other].map((laravel, id) => ({
    id,
    key: `k${id}`,
    secret: 's',
    laravel: { ...laravel, redisPrefix: 'a_' },
  }))
  expect(problemsIn({ files: { 'resound.json': { apps } } })).toEqual([])
})

it('refuses two apps of one Redis whose prefixes begin alike', () => {
  const apps = (prefixes: readonly string[]) => ({
    redis: { url: 'redis://host' },
    apps: prefixes.map((redisPrefix, id) => ({
      id,
      key: `k${id}`,
      secret: 's',
      laravel: { redisPrefix },
    })),
  })
  const message =
    "apps[1].laravel.redisPrefix and another app's prefix on the same Redis begin alike: one app would hear the other's events"
  for (const prefixes of [
    ['a_', 'a_'],
    ['a_', 'a_b_'],
    ['a_b_', 'a_'],
    ['', 'a_'],
  ]) {
    const [problem, ...others] = problemsIn({ files: { 'resound.json': apps(prefixes) } })
    expect(problem).toContain(message)
    expect(others).toEqual([])
  }
  expect(problemsIn({ files: { 'resound.json': apps(['a_', 'b_']) } })).toEqual([])
})

const withWebhook = (webhook: object) =>
  problemsIn({
    files: { 'resound.json': { apps: [{ id: '1', key: 'k', secret: 's', webhooks: [webhook] }] } },
  })

it.each([
  ['http://127.0.0.1:8000/hook', '127.0.0.1'],
  ['http://2130706433/', '127.0.0.1'],
  ['http://localhost/', 'localhost'],
  ['http://169.254.169.254/', '169.254.169.254'],
  ['https://[::1]/', '[::1]'],
])('refuses a webhook to a private address that is not allowed: %s', (url, host) => {
  const [problem, ...others] = withWebhook({ url })
  expect(problem).toContain(
    `apps[0].webhooks[0].url leads to ${host}, a private address: set allowPrivateAddress beside it if that is meant`,
  )
  expect(others).toEqual([])
  expect(withWebhook({ url, allowPrivateAddress: true })).toEqual([])
})

it.each(['https://app.example.com/hook', 'http://app/hook', 'https://8.8.8.8/'])(
  'accepts a webhook to %s',
  (url) => {
    expect(withWebhook({ url })).toEqual([])
  },
)

it('reads a file with a byte order mark and Windows line ends', () => {
  const content = `\uFEFF{\r\n  "port": 9000,\r\n  "apps": [${APP}]\r\n}\r\n`
  const { config, originOf } = loaded({ files: { 'resound.json': content } })
  expect(config.port).toBe(9000)
  expect(originOf(['port'])).toEqual({ kind: 'file', file: 'resound.json', line: 2, column: 3 })
})

it('takes a number as an app id', () => {
  const app = { id: 123456, key: 'k', secret: 's' }
  expect(loaded({ files: { 'resound.json': { apps: [app] } } }).config.apps[0]?.id).toBe('123456')
})

it('says that a file cannot be read, and does not go on without it', () => {
  expect(problemsIn({ flags: { config: 'missing.json' } })).toEqual([
    'missing.json: the configuration file cannot be read (ENOENT)',
  ])
})
