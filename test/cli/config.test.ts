import { describe, expect, it } from 'vitest'
import { OPTIONS } from '../../src/config/options.ts'
import { createCertificate } from '../support/certificate.ts'
import { resound } from '../support/command.ts'
import { Directory } from '../support/directory.ts'

const SECRETS = {
  RESOUND_APP_ID: '1',
  RESOUND_APP_KEY: 'key',
  RESOUND_APP_SECRET: 'hidden-secret',
  RESOUND_APP_PREVIOUS_SECRET: 'hidden-previous',
  RESOUND_APP_LARAVEL_REDIS_PREFIX: 'app_',
  RESOUND_APP_LARAVEL_REDIS_URL: 'redis://:hidden-app@host',
  RESOUND_REDIS_URL: 'redis://ann:hidden-redis@host:6379/0',
  RESOUND_REDIS_SENTINELS: 'redis://:hidden-sentinel@a,redis://:hidden-sentinel@b',
  RESOUND_APP_WEBHOOKS_URL: 'https://ann:hidden-user@host/hook/hidden-path?key=hidden-query',
  RESOUND_APP_WEBHOOKS_HEADERS: '{"X-Token":"hidden-header"}',
  RESOUND_ADMIN_TOKEN: 'hidden-token-of-the-admin-port',
} as const

/** With the files of `createCertificate`. */
const TLS = {
  RESOUND_TLS_CERT: 'cert.pem',
  RESOUND_TLS_KEY: 'key.pem',
  RESOUND_TLS_PASSPHRASE: 'hidden-passphrase',
} as const

describe('config check', () => {
  it('refuses a certificate that cannot be used, as start does', async () => {
    using directory = new Directory()
    createCertificate(directory)
    directory.write('key.pem', 'no key')
    directory.write('resound.json', '{\n  "tls": { "cert": "cert.pem", "key": "key.pem" }\n}')
    const args = ['config', 'check', '--json', '--config', 'resound.json']
    const { code, stdout } = await resound(args, { directory: directory.path })
    expect(code).toBe(78)
    expect(JSON.parse(stdout).problems).toEqual([
      {
        code: 'RESOUND_CONFIG_INVALID',
        place: 'resound.json:2:12',
        message: expect.stringMatching(/^tls\.cert and tls\.key cannot be used: .+/),
      },
    ])
  })

  it('says that the configuration is valid', async () => {
    using directory = new Directory({ 'resound.json': { port: 1 } })
    const args = ['config', 'check', '--config', 'resound.json']
    expect(await resound(args, { directory: directory.path })).toEqual({
      code: 0,
      stdout: 'The configuration is valid: resound.json\n',
      stderr: '',
    })
  })

  it('says what a Laravel app contradicts, in 80 columns on standard error', async () => {
    using directory = new Directory({
      'app/.env': 'BROADCAST_CONNECTION=log\nAPP_URL=http://a.test\n',
    })
    const args = ['config', 'check', '--laravel', 'app']
    const { code, stdout, stderr } = await resound(args, { directory: directory.path })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'The configuration is valid\n' })
    expect(stderr).toBe(
      [
        'warn: the app does not broadcast to this server: set BROADCAST_CONNECTION=reverb',
        'BROADCAST_CONNECTION=log',
        'info: allowedOrigins (RESOUND_APP_ALLOWED_ORIGINS) can name the pages of the app',
        'alone allowedOrigins=http://a.test',
        '',
      ].join('\n'),
    )
  })

  it('prints the problems for programs', async () => {
    const environment = { RESOUND_PORT: 'x' }
    const { code, stdout } = await resound(['config', 'check', '--json'], { environment })
    expect(code).toBe(78)
    expect(JSON.parse(stdout)).toEqual({
      schema: 'resound.config.check/1',
      valid: false,
      problems: [
        {
          code: 'RESOUND_CONFIG_INVALID',
          place: 'RESOUND_PORT',
          message: 'port must be a whole number from 0 to 65535, not "x"',
        },
      ],
      notices: [],
    })
  })
})

describe('config show', () => {
  it('prints every value with its origin, in 80 columns and without colour', async () => {
    using directory = new Directory({ 'resound.json': '{\n  "limits": { "eventBytes": 5 }\n}' })
    createCertificate(directory)
    const { code, stdout, stderr } = await resound(['config', 'show', '--config', 'resound.json'], {
      directory: directory.path,
      environment: {
        ...SECRETS,
        ...TLS,
        RESOUND_APP_NAME: 'A name that is too long to leave room here',
      },
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.split('\n')
    expect(lines).toContain('port                                       8080               default')
    expect(lines).toContain(
      'limits.eventBytes                          5                  resound.json:2:15',
    )
    expect(lines).toContain('limits.messageBytes                        65536              default')
    expect(stdout).toContain(
      'apps[0].name                               A name that is too long to leave room here\n    from RESOUND_APP_NAME\n',
    )
    expect(stdout).toMatch(/\nNot set: redis\.tls\.ca, /)
    expect(stdout).toContain(
      [
        'apps[0].webhooks[0].events',
        '    channel_occupied, channel_vacated, member_added, member_removed,',
        '    client_event, cache_miss, subscription_count',
        '    from default\n',
      ].join('\n'),
    )
    for (const line of lines.filter((one) => !one.startsWith('apps[0].name'))) {
      expect(line.length, line).toBeLessThanOrEqual(80)
    }
    expect(stdout).not.toContain('\u001b')
  })

  it.each([[[]], [['--json']]])('never prints a secret %j', async (more) => {
    using directory = new Directory()
    createCertificate(directory)
    const outcome = await resound(['config', 'show', ...more], {
      directory: directory.path,
      environment: { ...SECRETS, ...TLS },
    })
    expect(outcome.code).toBe(0)
    expect(outcome.stdout + outcome.stderr).not.toContain('hidden')
    expect(outcome.stdout).toContain('redis://ann:********@host:6379/0')
    expect(outcome.stdout).toContain('redis://:********@b')
    expect(outcome.stdout).toContain('https://host/hook/********?********')
    expect(outcome.stdout).toMatch(/"X-Token": ?"\*{8}"/)
  })

  it('prints every option for programs', async () => {
    const { stdout } = await resound(['config', 'show', '--json'], { environment: SECRETS })
    const { schema, options } = JSON.parse(stdout)
    expect(schema).toBe('resound.config.show/1')
    expect(options).toHaveLength(OPTIONS.length)
    expect(options).toContainEqual({
      option: 'apps[0].secret',
      value: '********',
      origin: { kind: 'environment', variable: 'RESOUND_APP_SECRET' },
    })
    expect(options).toContainEqual({
      option: 'log.format',
      value: null,
      origin: { kind: 'default' },
    })
  })

  it('says of an app that is not there yet that it will be generated', async () => {
    using directory = new Directory()
    const { stdout } = await resound(['config', 'show'], { directory: directory.path })
    expect(stdout).toContain(
      'apps[0].secret                             (not yet)\n    from generated on the first start\n',
    )
  })
})

describe('config env', () => {
  it('prints every variable, in 80 columns', async () => {
    const { code, stdout } = await resound(['config', 'env'])
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    const names = lines
      .filter((line) => line.startsWith('RESOUND_'))
      .map((line) => line.split(' ')[0])
    expect(names).toEqual(OPTIONS.map(({ variable }) => variable))
    expect(lines.slice(0, 2)).toEqual(['RESOUND_HOST (0.0.0.0)', '    Address to listen on.'])
    const events = lines.findIndex((line) => line.startsWith('RESOUND_APP_WEBHOOKS_EVENTS'))
    expect(lines.slice(events, events + 3)).toEqual([
      'RESOUND_APP_WEBHOOKS_EVENTS (channel_occupied, channel_vacated,',
      '    member_added, member_removed, client_event, cache_miss, subscription_count)',
      '    Which events are told; all by default.',
    ])
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80)
  })

  it('prints them for programs', async () => {
    const { stdout } = await resound(['config', 'env', '--json'])
    const { schema, variables } = JSON.parse(stdout)
    expect(schema).toBe('resound.config.env/1')
    expect(variables[1]).toEqual({
      variable: 'RESOUND_PORT',
      option: 'port',
      type: 'integer',
      default: 8080,
      description: 'Port for WebSocket and HTTP API. 0 takes a free one; the ready line names it.',
    })
  })
})

it('config docs prints the reference for programs', async () => {
  const { stdout } = await resound(['config', 'docs', '--json'])
  const { schema, options, faults, codes } = JSON.parse(stdout)
  expect(schema).toBe('resound.config.docs/1')
  expect(options).toHaveLength(OPTIONS.length)
  expect(faults).toContainEqual(expect.objectContaining({ code: 'RESOUND_PORT_IN_USE' }))
  expect(codes).toContainEqual(expect.objectContaining({ code: 4001 }))
})
