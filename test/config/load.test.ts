import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { ResoundError } from '../../src/errors.ts'
import { createAuthority } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { APP_VARIABLES, type Given, loaded, problemsIn } from '../support/reading.ts'

const APP = { id: '1', key: 'k', secret: 's' }

describe('precedence', () => {
  const dotenv = 'REVERB_SERVER_PORT=1\n'
  const file = { port: 2 }
  const names = { REVERB_SERVER_PORT: '3' }
  const ours = { RESOUND_PORT: '4' }
  const flags = { port: '5' }

  it.each<[string, Given, number, unknown]>([
    ['the default', {}, 8080, { kind: 'default' }],
    [
      "a Laravel app's .env over the default",
      { files: { 'app/.env': dotenv }, flags: { laravel: 'app' } },
      1,
      { kind: 'laravel', file: 'app/.env', variable: 'REVERB_SERVER_PORT' },
    ],
    [
      'the file over the .env',
      { files: { 'app/.env': dotenv, 'resound.json': file }, flags: { laravel: 'app' } },
      2,
      { kind: 'file', file: 'resound.json', line: 1, column: 2 },
    ],
    [
      "Laravel's names in the environment over the file",
      {
        files: { 'app/.env': dotenv, 'resound.json': file },
        flags: { laravel: 'app' },
        environment: names,
      },
      3,
      { kind: 'environment', variable: 'REVERB_SERVER_PORT' },
    ],
    [
      "our names over Laravel's",
      { files: { 'resound.json': file }, environment: { ...names, ...ours } },
      4,
      { kind: 'environment', variable: 'RESOUND_PORT' },
    ],
    [
      'flags over everything',
      {
        files: { 'app/.env': dotenv, 'resound.json': file },
        environment: { ...names, ...ours },
        flags: { laravel: 'app', ...flags },
      },
      5,
      { kind: 'flag', flag: '--port' },
    ],
  ])('puts %s', (_what, given, port, origin) => {
    const { config, originOf } = loaded(given)
    expect(config.port).toBe(port)
    expect(originOf(['port'])).toEqual(origin)
  })

  it('is decided for each option by itself', () => {
    const { config } = loaded({
      files: { 'resound.json': { redis: {}, admin: { port: 1 }, limits: { eventBytes: 2 } } },
      environment: {
        REDIS_HOST: 'host',
        RESOUND_ADMIN_TOKEN: 'x'.repeat(16),
        RESOUND_LIMITS_EVENTS_PER_BATCH: '3',
      },
      flags: { host: '::1', logLevel: 'debug', logFormat: 'json' },
    })
    expect(config).toMatchObject({
      host: '::1',
      redis: { url: 'redis://host' },
      admin: { port: 1, token: 'x'.repeat(16) },
      limits: { eventBytes: 2, eventsPerBatch: 3, channelsPerEvent: 100 },
      log: { level: 'debug', format: 'json' },
    })
  })

  it('lets a variable replace a list of the file whole', () => {
    const { config } = loaded({
      files: { 'resound.json': { apps: [] } },
      environment: { ...APP_VARIABLES, RESOUND_APP_ALLOWED_ORIGINS: 'a.test' },
    })
    expect(config.apps[0]?.allowedOrigins).toEqual(['a.test'])
  })

  it('takes the file that RESOUND_CONFIG names, unless --config names one', () => {
    const files = { 'a.json': { port: 1 }, 'b.json': { port: 2 } }
    const environment = { RESOUND_CONFIG: 'a.json' }
    expect(loaded({ files, environment }).config.port).toBe(1)
    expect(loaded({ files, environment, flags: { config: 'b.json' } }).config.port).toBe(2)
  })
})

describe('the one app of the environment', () => {
  it('has its other options by the same rule', () => {
    const { config } = loaded({
      environment: {
        ...APP_VARIABLES,
        RESOUND_APP_CLIENT_EVENTS: 'on',
        RESOUND_APP_LIMITS_EVENT_BYTES: '9',
        RESOUND_APP_LARAVEL_REDIS_PREFIX: '',
        RESOUND_APP_LARAVEL_REDIS_URL: 'redis://host',
      },
    })
    expect(config.apps).toEqual([
      expect.objectContaining({
        id: '1',
        key: 'key',
        secret: 'secret',
        clientEvents: true,
        limits: { eventBytes: 9 },
        laravel: expect.objectContaining({ redisPrefix: '', redisUrl: 'redis://host' }),
      }),
    ])
  })

  it.each([
    ['RESOUND_APP_ID', 'RESOUND_APP_KEY', 'RESOUND_APP_SECRET'],
    ['REVERB_APP_ID', 'REVERB_APP_KEY', 'REVERB_APP_SECRET'],
    ['PUSHER_APP_ID', 'PUSHER_APP_KEY', 'PUSHER_APP_SECRET'],
  ])('needs %s and the two beside it, and says which is missing', (id, key, secret) => {
    expect(problemsIn({ environment: { [id]: '1', [key]: 'k' } })).toEqual([
      `${secret} is missing: ${id} alone does not define an app`,
    ])
    expect(problemsIn({ environment: { [secret]: 'top-secret' } })).toEqual([
      `${id} is missing: ${secret} alone does not define an app`,
      `${key} is missing: ${secret} alone does not define an app`,
    ])
  })

  it('cannot stand beside apps in the file', () => {
    const given = { files: { 'resound.json': { apps: [APP] } }, environment: APP_VARIABLES }
    expect(problemsIn(given)).toEqual(
      ['ID', 'KEY', 'SECRET'].map(
        (part) =>
          `RESOUND_APP_${part}: the apps are listed in resound.json; a variable describes an app only where none is listed`,
      ),
    )
  })

  it('gives way to apps in the file where Laravel’s names describe it', () => {
    const { config, notices } = loaded({
      files: { 'resound.json': { apps: [APP] } },
      environment: { REVERB_APP_KEY: 'other' },
    })
    expect(config.apps.map(({ key }) => key)).toEqual(['k'])
    expect(notices).toEqual([
      {
        level: 'info',
        message: 'the file lists the apps, so these variables describe none',
        fields: { variables: ['REVERB_APP_KEY'] },
      },
    ])
  })
})

describe('a refused configuration', () => {
  it('lists what is wrong in all places at once, without a secret', () => {
    const fault = faultOf({
      files: { 'resound.json': { port: 70000, prot: 1 } },
      environment: { ...APP_VARIABLES, RESOUND_APP_SECRET: 'top secret', RESOUND_HOTS: 'x' },
      flags: { logLevel: 'loud' },
    })
    expect(fault.code).toBe('RESOUND_CONFIG_INVALID')
    expect(fault.message.split('\n')).toEqual([
      'The configuration has 5 problems:',
      '  RESOUND_HOTS: this variable is not an option; did you mean RESOUND_HOST?',
      '  resound.json:1:2: port must be a whole number from 0 to 65535, not 70000',
      '  RESOUND_APP_SECRET: apps[0].secret must be text of 1 to 200 characters without spaces',
      '  --log-level: log.level must be one of fatal, error, warn, info, debug, trace, silent, not "loud"',
      '  resound.json:1:15: prot is not an option; did you mean port?',
    ])
    expect(fault.message).not.toContain('top secret')
  })

  it('has a code of its own when nothing but reading failed', () => {
    expect(faultOf({ flags: { config: 'missing.json' } }).code).toBe('RESOUND_CONFIG_UNREADABLE')
    expect(faultOf({ flags: { laravel: 'missing' } }).message).toContain(
      '--laravel: missing has no .env that can be read (ENOENT)',
    )
  })

  function faultOf({ files = {}, environment = {}, flags = {} }: Given): ResoundError {
    using directory = new Directory(files)
    const config = 'resound.json' in files ? { config: 'resound.json' } : {}
    try {
      loadConfig({ flags: { ...config, ...flags }, environment, directory: directory.path })
    } catch (fault) {
      if (fault instanceof ResoundError) return fault
      throw fault
    }
    throw new Error('the configuration was accepted')
  }
})

it('refuses TLS files that cannot be used, each at its place', () => {
  using certificates = new Directory()
  const { ca, server, client } = createAuthority(certificates)
  const url = 'rediss://host'
  const file = {
    redis: { url, tls: { ca: '/nowhere/ca.pem', ...client } },
    apps: [
      {
        ...APP,
        laravel: {
          redisPrefix: '',
          redisUrl: url,
          redisTls: { ca, cert: client.cert, key: server.key },
        },
      },
    ],
  }
  const problems = problemsIn({ files: { 'resound.json': JSON.stringify(file, null, 1) } })
  expect(problems).toEqual([
    expect.stringMatching(
      /^resound\.json:5:\d+: redis\.tls\.ca cannot be used: ENOENT.*\/nowhere\/ca\.pem/,
    ),
    expect.stringMatching(
      /^resound\.json:\d+:\d+: apps\[0\]\.laravel\.redisTls\.cert and apps\[0\]\.laravel\.redisTls\.key cannot be used: /,
    ),
  ])
})

it('knows a default in a group of the file for a default, and a list for the file’s', () => {
  const content =
    '{\n  "admin": { "port": 0 },\n  "apps": [\n    { "id": "1", "key": "k", "secret": "s",\n      "allowedOrigins": ["a.test", "b.test"] }\n  ]\n}'
  const { originOf } = loaded({ files: { 'resound.json': content } })
  expect(originOf(['admin', 'host'])).toEqual({ kind: 'default' })
  expect(originOf(['apps', 0, 'clientEvents'])).toEqual({ kind: 'default' })
  expect(originOf(['apps', 0, 'allowedOrigins'])).toMatchObject({ line: 5, column: 7 })
})

it('is frozen all the way down', () => {
  const { config } = loaded({ environment: APP_VARIABLES })
  expect(Object.isFrozen(config)).toBe(true)
  expect(Object.isFrozen(config.limits)).toBe(true)
  expect(Object.isFrozen(config.apps[0]?.allowedOrigins)).toBe(true)
})
