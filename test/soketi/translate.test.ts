import { describe, expect, it } from 'vitest'
import { SoketiSettings } from '../../src/soketi/settings.ts'
import { type Translation, translate } from '../../src/soketi/translate.ts'
import { createCertificate } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { problemsIn } from '../support/reading.ts'

const APP = { id: '1', key: 'key', secret: 'hidden-secret' }

/** The translation of a file, with this app unless it has others; what comes out is valid. */
function translated(
  options: Readonly<Record<string, unknown>>,
  variables?: Readonly<Record<string, string>>,
): Translation {
  using directory = new Directory({ 'soketi.json': { 'appManager.array.apps': [APP], ...options } })
  const soketi = SoketiSettings.read({
    file: { path: directory.file('soketi.json'), name: 'soketi.json' },
    environment: variables && { variables, dotenv: directory.file('.env') },
  })
  if ('problems' in soketi) throw new Error('not read')
  const translation = translate(soketi)
  createCertificate(directory)
  const files = {
    'resound.json': translation.config,
    'cert.pem': directory.read('cert.pem'),
    'key.pem': directory.read('key.pem'),
  }
  expect(problemsIn({ files })).toEqual([])
  expect(JSON.stringify(translation.notes)).not.toContain('hidden')
  return translation
}

/** What is said beyond what is said of every soketi. */
function said(translation: Translation): readonly string[] {
  return translation.notes
    .filter(({ setting }) => setting !== 'activityTimeoutSeconds')
    .map(({ kind, setting, message }) => `${kind}: ${setting} ${message}`)
}

/** What every translation has, where soketi's default is not ours. */
const DEFAULTS = {
  port: 6001,
  limits: { clientEventBytes: 102_400, clientEventsPerSecond: 0, messageBytes: 205_824 },
  cache: { ttlSeconds: 3600 },
  drain: { windowSeconds: 3 },
  apps: [APP],
}

it('keeps to the defaults of soketi, and says what differs', () => {
  const { config, notes, isComplete } = translated({})
  expect(config).toEqual(DEFAULTS)
  expect(isComplete).toBe(true)
  expect(notes).toEqual([
    {
      kind: 'different',
      setting: 'activityTimeoutSeconds',
      place: undefined,
      message:
        'stays 120, and connections are pinged: soketi tells clients 30 and closes them after 120 seconds of silence',
    },
  ])
})

it.each<[string, Readonly<Record<string, unknown>>, unknown]>([
  [
    'the address',
    { host: '127.0.0.1', port: 80, pathPrefix: '/ws' },
    { host: '127.0.0.1', port: 80, pathPrefix: '/ws' },
  ],
  [
    'the length of names',
    { 'channelLimits.maxNameLength': 100, 'eventLimits.maxNameLength': 90 },
    { limits: { channelNameLength: 100, eventNameLength: 90 } },
  ],
  [
    'the size of events',
    { 'eventLimits.maxPayloadInKb': 5 },
    { limits: { eventBytes: 5120, clientEventBytes: 5120 } },
  ],
  [
    'channels and batches',
    { eventLimits: { maxChannelsAtOnce: 5, maxBatchSize: 3 } },
    { limits: { channelsPerEvent: 5, eventsPerBatch: 3 } },
  ],
  [
    'presence',
    { presence: { maxMembersPerChannel: 5, maxMemberSizeInKb: 0.5 } },
    { limits: { presenceMembers: 5, presenceMemberBytes: 512 } },
  ],
  ['what is remembered', { 'channelLimits.cacheTtl': 60 }, { cache: { ttlSeconds: 60 } }],
  [
    'times',
    { userAuthenticationTimeout: 1500, shutdownGracePeriod: 20_000 },
    { userAuthenticationTimeoutSeconds: 2, drain: { windowSeconds: 20 } },
  ],
  ['the log', { debug: true }, { log: { level: 'debug' } }],
  [
    'TLS',
    { ssl: { certPath: 'cert.pem', keyPath: 'key.pem', passphrase: 123 } },
    { tls: { cert: 'cert.pem', key: 'key.pem', passphrase: '123' } },
  ],
  [
    'metrics',
    { metrics: { enabled: true, host: '127.0.0.1', port: 9700 } },
    { metrics: { prefix: 'soketi_' }, admin: { port: 9700 } },
  ],
  [
    'batches of webhooks',
    {
      'webhooks.batching': { enabled: true, duration: 100 },
      'appManager.array.apps': [
        { ...APP, webhooks: [{ url: 'https://a.example.com', event_types: ['member_added'] }] },
      ],
    },
    { webhooks: { batchMilliseconds: 100 } },
  ],
])('takes over %s', (_what, options, config) => {
  const translation = translated(options)
  expect(translation.config).toMatchObject(Object(config))
  expect(said(translation)).toEqual([])
})

describe('an app', () => {
  const app = (fields: Readonly<Record<string, unknown>>) =>
    translated({ 'appManager.array.apps': [{ ...APP, ...fields }] })

  it('is taken over whole', () => {
    const translation = app({
      id: 7,
      key: 123,
      secret: 456,
      maxConnections: 200,
      enabled: false,
      enableClientMessages: true,
      enableUserAuthentication: true,
      maxClientEventsPerSecond: 20,
      maxPresenceMembersPerChannel: 50,
      webhooks: [
        {
          url: 'https://app.example.com/hook',
          headers: { 'X-Token': 'hidden' },
          event_types: ['channel_occupied'],
          filter: { channel_name_ends_with: '.1' },
        },
      ],
    })
    expect(translation.config).toMatchObject({
      apps: [
        {
          id: '7',
          key: '123',
          secret: '456',
          maxConnections: 200,
          enabled: false,
          clientEvents: true,
          userAuthentication: true,
          limits: { clientEventsPerSecond: 20, presenceMembers: 50 },
          webhooks: [
            {
              url: 'https://app.example.com/hook',
              headers: { 'X-Token': 'hidden' },
              events: ['channel_occupied'],
              channelSuffix: '.1',
            },
          ],
        },
      ],
      webhooks: { batchEvents: 1, batchMilliseconds: 0 },
    })
    expect(said(translation)).toEqual([])
  })

  it('of variables alone is taken over, with digits as text', () => {
    const variables = {
      SOKETI_DEFAULT_APP_ID: '12',
      SOKETI_DEFAULT_APP_KEY: '007',
      SOKETI_DEFAULT_APP_SECRET: '1e3',
      SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES: 'true',
      SOKETI_DEFAULT_APP_WEBHOOKS:
        '[{"url":"https://a.example.com","event_types":["member_added"]}]',
    }
    expect(translated({}, variables).config).toMatchObject({
      apps: [
        {
          id: '12',
          key: '007',
          secret: '1e3',
          clientEvents: true,
          webhooks: [{ url: 'https://a.example.com', events: ['member_added'] }],
        },
      ],
    })
  })

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['key', { key: 'a b' }, 'apps[0].key must be 1 to 64 letters, digits, _ and -, not "a b"'],
    [
      'secret',
      { secret: 'hidden one' },
      'apps[0].secret must be text of 1 to 200 characters without spaces',
    ],
    ['id', { id: '' }, 'apps[0].id is required (RESOUND_APP_ID)'],
  ])('whose %s is not possible here is left out, which is a failure', (_what, fields, reason) => {
    const translation = app(fields)
    expect(translation.isComplete).toBe(false)
    expect(translation.config).not.toHaveProperty('apps')
    expect(said(translation)).toEqual([
      `app left out: appManager.array.apps.0 is left out: ${reason}`,
    ])
  })

  it('that has the key of another is left out, as soketi never finds it', () => {
    const apps = [APP, { ...APP, id: '2' }, { ...APP, id: '3', key: 'third' }, 5]
    const translation = translated({ 'appManager.array.apps': apps })
    expect(translation.config).toMatchObject({ apps: [APP, { ...APP, id: '3', key: 'third' }] })
    expect(said(translation)).toEqual([
      'app left out: appManager.array.apps.1 is left out: another app before it has the key key',
      'app left out: appManager.array.apps.3 is left out: an app must be an object',
    ])
  })

  it('goes without what the schema refuses of it', () => {
    const translation = app({
      maxConnections: 1e9,
      maxEventPayloadInKb: 1e9,
      webhooks: [
        { url: 'ftp://a.example.com', event_types: ['member_added'] },
        { url: 'https://b.example.com', event_types: ['member_added'], colour: 'red' },
      ],
    })
    expect(translation.isComplete).toBe(true)
    expect(translation.config).toMatchObject({
      apps: [{ ...APP, webhooks: [{ url: 'https://b.example.com', events: ['member_added'] }] }],
    })
    const without = 'refused: appManager.array.apps.0 is without a part of it: '
    expect(said(translation)).toEqual([
      `${without}apps[0].maxConnections must be a whole number from 0 to 10000000, not 1000000000`,
      `${without}apps[0].limits.eventBytes must be a whole number from 1 to 16777216, not 1024000000000`,
      `${without}apps[0].limits.clientEventBytes must be a whole number from 1 to 16777216, not 1024000000000`,
      `${without}apps[0].webhooks[0].url must be an http:// or https:// URL`,
      `${without}apps[0].webhooks[0].colour is not an option`,
    ])
  })

  it('says what is lost of it, and what is not an option of soketi', () => {
    const translation = app({
      maxBackendEventsPerSecond: 10,
      colour: 'red',
      webhooks: [{ lambda_function: 'f', event_types: ['member_added'] }],
    })
    expect(said(translation)).toEqual([
      'without equivalent: appManager.array.apps.0.maxBackendEventsPerSecond is left out: requests to the HTTP API are not limited per second',
      'without equivalent: appManager.array.apps.0.webhooks[0].lambda_function is left out: AWS Lambda is not called: put an HTTPS endpoint in front of it',
      'unknown: appManager.array.apps.0.colour is not an option of soketi',
    ])
  })

  it.each([
    'http://laravel.test/hook',
    'http://nginx/hook',
    'http://127.0.0.1:8000/hook',
    'http://10.0.0.5/hook',
    'http://app.default.svc/hook',
  ])('may go on sending webhooks to %s', (url) => {
    const translation = app({ webhooks: [{ url, event_types: ['member_added'] }] })
    expect(translation.config).toMatchObject({
      apps: [{ webhooks: [{ url, allowPrivateAddress: true }] }],
    })
    expect(said(translation)).toEqual([
      'different: appManager.array.apps.0.webhooks[0].url leads to a private address, which is allowed with allowPrivateAddress',
    ])
  })

  it('of soketi itself has a secret that everybody knows', () => {
    expect(said(app({ secret: 'app-secret' }))).toEqual([
      "different: appManager.array.apps.0.secret is soketi's own, which everybody knows: change it here and in the app",
    ])
  })
})

describe('Redis', () => {
  const redis = (options: Readonly<Record<string, unknown>>) =>
    translated({ 'queue.driver': 'redis', ...options })

  it.each<[string, Readonly<Record<string, unknown>>, unknown]>([
    ['by default', {}, { url: 'redis://127.0.0.1:6379' }],
    [
      'with user, password and prefix',
      {
        'database.redis': {
          host: 'cache',
          port: 6380,
          username: 'ann',
          password: 'p@ss/1',
          keyPrefix: 'sok:',
        },
      },
      { url: 'redis://ann:p%40ss%2F1@cache:6380', keyPrefix: 'sok:' },
    ],
    [
      'with TLS',
      { 'database.redis.tls': {}, 'database.redis.password': 12 },
      { url: 'rediss://:12@127.0.0.1:6379' },
    ],
    [
      'with the options of the driver',
      { 'queue.redis.redisOptions': { host: '::1', tls: true } },
      { url: 'rediss://[::1]:6379' },
    ],
    [
      'under Sentinels',
      {
        'database.redis': {
          sentinels: [{ host: 'a', port: 26379 }, { host: 'b' }],
          sentinelPassword: 's',
          password: 'p',
        },
      },
      { url: 'redis://:p@mymaster', sentinels: ['redis://:s@a:26379', 'redis://:s@b'] },
    ],
    [
      'as a cluster',
      {
        'queue.redis.clusterMode': true,
        'database.redis': {
          clusterNodes: [{ host: 'a', port: 7000 }, 'redis://b:7001'],
          password: 'p',
        },
      },
      { cluster: ['redis://:p@a:7000', 'redis://:p@b:7001'] },
    ],
  ])('is taken over %s', (_what, options, expected) => {
    const translation = redis(options)
    expect(translation.config).toMatchObject({ redis: expected })
    expect(said(translation)).toEqual([])
  })

  it('says what of it is not', () => {
    const options = { db: 3, tls: { ca: 'hidden' } }
    expect(
      said(redis({ 'database.redis': options, 'queue.redis.redisOptions': { family: 6 } })),
    ).toEqual([
      'different: queue.redis.redisOptions is taken over without family',
      'different: database.redis.db is not taken over: keys of ours have redis.keyPrefix instead',
      'different: database.redis.tls has certificates: put them into files, and name those in redis.tls',
    ])
  })

  it('that no driver uses is left alone', () => {
    const translation = translated({ 'database.redis': { host: 'cache', port: 6380 } })
    expect(translation.config).not.toHaveProperty('redis')
    expect(said(translation)).toEqual([
      'different: database.redis.host, database.redis.port is not taken over, as no driver of soketi is on Redis',
    ])
  })
})

describe('apps in a database', () => {
  it('stay in PostgreSQL', () => {
    const translation = translated({
      'appManager.driver': 'postgres',
      'appManager.postgres.table': 'soketi_apps',
      'appManager.cache': { enabled: true, ttl: 86_400 },
      'database.postgres': {
        host: 'db',
        user: 'sok',
        password: 'p@ss',
        database: 'apps',
        ssl: true,
      },
    })
    expect(translation.config).toEqual({
      ...DEFAULTS,
      apps: undefined,
      postgres: {
        url: 'postgres://sok:p%40ss@db:5432/apps?sslmode=verify-full',
        table: 'soketi_apps',
        cacheSeconds: 3600,
      },
    })
    expect(said(translation)).toEqual([])
  })

  it('in a table with a strange name are said to be missing', () => {
    const translation = translated({
      'appManager.driver': 'postgres',
      'appManager.postgres.table': 'My Apps',
    })
    expect(translation.isComplete).toBe(false)
    expect(said(translation)).toEqual([
      'app left out: database.postgres is left out: postgres.table must be the name of a table, with its schema before it if need be, not "My Apps"',
    ])
  })

  it.each(['mysql', 'dynamodb', 'file'])('cannot be read from %s', (driver) => {
    const translation = translated({ 'appManager.driver': driver })
    expect(translation.isComplete).toBe(false)
    expect(said(translation)).toEqual([
      `app left out: appManager.driver is ${driver}, which cannot be read: list the apps in apps[], or copy their table to PostgreSQL (postgres.url)`,
    ])
  })
})

it.each<[string, Readonly<Record<string, unknown>>, string]>([
  [
    'several nodes',
    { 'adapter.driver': 'redis', 'adapter.redis.prefix': 'a' },
    'without equivalent: adapter.driver, adapter.redis.prefix is not there',
  ],
  [
    'MySQL',
    { 'database.mysql.host': 'db' },
    'without equivalent: database.mysql.host is not there',
  ],
  [
    'an unused PostgreSQL',
    { 'database.postgres.host': 'db' },
    'different: database.postgres.host is not taken over',
  ],
  [
    'SQS',
    { 'queue.driver': 'sqs', 'queue.sqs.queueUrl': 'x' },
    'different: queue.driver sqs is not there',
  ],
  ['CORS', { 'cors.origin': ['https://a.test'] }, 'without equivalent: cors.origin is not there'],
  [
    'limits shared by nodes',
    { 'rateLimiter.driver': 'cluster' },
    'without equivalent: rateLimiter.driver is not there',
  ],
  ['cache in Redis', { 'cache.driver': 'redis' }, 'without equivalent: cache.driver is not there'],
  [
    'the size of requests',
    { 'httpApi.requestLimitInMb': 1 },
    'without equivalent: httpApi.requestLimitInMb follows from',
  ],
  [
    'the memory threshold',
    { 'httpApi.acceptTraffic.memoryThreshold': 50 },
    'without equivalent: httpApi.acceptTraffic.memoryThreshold is not there',
  ],
  [
    'a chain of certificates',
    { 'ssl.caPath': '/ca' },
    'without equivalent: ssl.caPath is not there',
  ],
  ['a worker', { mode: 'worker' }, 'different: mode worker is not needed'],
  ['a server without queue', { mode: 'server' }, 'different: mode server needs no worker'],
  ['discovery', { 'cluster.port': 1 }, 'without equivalent: cluster.port is not there'],
  ['metrics for others', { 'metrics.enabled': true }, 'different: metrics.host is not taken over'],
  [
    'half a certificate',
    { 'ssl.certPath': 'cert.pem' },
    'refused: ssl is left out: tls.key is required',
  ],
  [
    'a value out of bounds',
    { 'presence.maxMembersPerChannel': -1 },
    'refused: presence.maxMembersPerChannel is left out: limits.presenceMembers must be a whole number from 1 to 1000000, not -1',
  ],
  [
    'what soketi does not know',
    { prot: 1 },
    'unknown: prot is not an option of soketi; did you mean port?',
  ],
])('says what becomes of %s', (_what, options, message) => {
  expect(said(translated(options))).toContainEqual(expect.stringContaining(message))
})
