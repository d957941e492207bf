import { describe, expect, it } from 'vitest'
import { laravelBlock, readyLine, readyText } from '../../src/cli/listening.ts'
import { AppConfig } from '../../src/config/schema/app.ts'
import { Config } from '../../src/config/schema.ts'
import { version } from '../../src/version.ts'

const APP = { id: '123456', key: 'a-key', secret: 'a-secret' }
const LISTENING = { host: '0.0.0.0', port: 8080, admin: { host: '127.0.0.1', port: 9601 } }

it('the ready line is one JSON object', () => {
  expect(readyLine(LISTENING, 42)).toBe(
    '{"event":"listening","host":"0.0.0.0","port":8080,"admin":"127.0.0.1:9601","pid":42}',
  )
})

it('an IPv6 address is written as in a URL', () => {
  const admin = { host: '::1', port: 9601 }
  expect(JSON.parse(readyLine({ ...LISTENING, host: '::', admin }, 42))).toMatchObject({
    host: '::',
    admin: '[::1]:9601',
  })
})

it('people get the addresses', () => {
  const config = Config.parse({ pathPrefix: '/ws' })
  expect(readyText({ ...LISTENING, host: '::1' }, config, false)).toBe(
    [
      `Resound ${version} is listening`,
      '',
      '  WebSocket and HTTP API  http://[::1]:8080/ws',
      '  Metrics                 http://127.0.0.1:9601/metrics',
      '  Console                 http://127.0.0.1:9601/',
      '',
    ].join('\n'),
  )
})

it('people at a terminal get a link to the console that opens it', () => {
  const link = 'http://127.0.0.1:9601/#key=a-key'
  expect(readyText(LISTENING, Config.parse({}), false, link)).toContain(
    `  Console                 ${link}\n`,
  )
})

describe('the block for a .env', () => {
  const block = (config: unknown, app: unknown = APP, host = '0.0.0.0') =>
    laravelBlock({ host, port: 8080 }, Config.parse(config), AppConfig.parse(app), false)

  it('is what reverb:install writes', () => {
    expect(block({})).toBe(
      [
        "For your Laravel app's .env",
        '',
        'BROADCAST_CONNECTION=reverb',
        '',
        'REVERB_APP_ID=123456',
        'REVERB_APP_KEY=a-key',
        'REVERB_APP_SECRET=a-secret',
        'REVERB_HOST="localhost"',
        'REVERB_PORT=8080',
        'REVERB_SCHEME=http',
        '',
        `VITE_REVERB_APP_KEY="\${REVERB_APP_KEY}"`,
        `VITE_REVERB_HOST="\${REVERB_HOST}"`,
        `VITE_REVERB_PORT="\${REVERB_PORT}"`,
        `VITE_REVERB_SCHEME="\${REVERB_SCHEME}"`,
        '',
      ].join('\n'),
    )
  })

  it('names the address and the scheme of this server', () => {
    const text = block({ tls: { cert: '/c', key: '/k' } }, APP, '192.0.2.1')
    expect(text).toContain('REVERB_HOST="192.0.2.1"\nREVERB_PORT=8080\nREVERB_SCHEME=https\n')
  })

  it('leaves the driver of an app that publishes through Redis', () => {
    const laravel = { redisPrefix: 'app_', redisUrl: 'redis://host' }
    expect(block({}, { ...APP, laravel })).not.toContain('BROADCAST_CONNECTION')
  })

  it('quotes a secret that a .env would read otherwise', () => {
    expect(block({}, { ...APP, secret: 'a#b"c$d\\e' })).toContain(
      'REVERB_APP_SECRET="a#b\\"c\\$d\\\\e"\n',
    )
  })
})
