import { describe, expect, it } from 'vitest'
import { COLUMNS, readRow } from '../../src/apps/app-row.ts'

const CREDENTIALS = { id: '7', key: 'key-7', secret: 'secret-7' }

describe('a row of the table of apps', () => {
  it('needs no more than credentials', () => {
    expect(readRow(CREDENTIALS)).toMatchObject({
      valid: true,
      app: { ...CREDENTIALS, enabled: true, allowedOrigins: ['*'], webhooks: [] },
      lost: [],
    })
  })

  it('has columns of our own', () => {
    const reading = readRow({
      ...CREDENTIALS,
      previous_secret: 'secret-6',
      name: 'Shop',
      allowed_origins: ['https://shop.example.com'],
      subscription_count: true,
      terminate_presence_members: 1,
      laravel: { redisPrefix: 'shop_', redisUrl: 'redis://127.0.0.1' },
      max_presence_members_per_channel: 20,
      max_event_name_length: 30,
      limits: { presenceMembers: 10, subscriptionsPerConnection: 5 },
      created_at: '2026-01-01T00:00:00Z',
    })
    expect(reading).toMatchObject({
      valid: true,
      app: {
        previousSecret: 'secret-6',
        name: 'Shop',
        allowedOrigins: ['https://shop.example.com'],
        subscriptionCount: true,
        terminatePresenceMembers: true,
        laravel: { redisPrefix: 'shop_', redisUrl: 'redis://127.0.0.1' },
        limits: { presenceMembers: 10, eventNameLength: 30, subscriptionsPerConnection: 5 },
      },
    })
  })

  it('may keep JSON as text, and leave columns null', () => {
    const row = {
      ...CREDENTIALS,
      allowed_origins: '["shop.example.com"]',
      limits: '{"eventBytes":100}',
      laravel: null,
      previous_secret: null,
    }
    expect(readRow(row)).toMatchObject({
      valid: true,
      app: { allowedOrigins: ['shop.example.com'], limits: { eventBytes: 100 } },
    })
  })

  it('names no column twice', () => {
    expect(COLUMNS).toEqual([...new Set(COLUMNS)])
  })

  it.each([
    [{ key: 'a key' }, 'column key: key must be 1 to 64 letters, digits, _ and -, not "a key"'],
    [{ secret: null }, 'column secret: secret must be text of 1 to 200 characters without spaces'],
    [
      { secret: 'with a space' },
      'column secret: secret must be text of 1 to 200 characters without spaces',
    ],
    [
      { previous_secret: '' },
      'column previous_secret: previousSecret must be text of 1 to 200 characters without spaces',
    ],
    [{ enabled: 2 }, 'column enabled: enabled must be true or false, not 2'],
    [
      { max_channel_name_length: 0 },
      'column max_channel_name_length: limits.channelNameLength must be a whole number from 1 to 1024, not 0',
    ],
    [{ limits: { messageBytes: 1 } }, 'column limits: limits.messageBytes is not an option'],
    [{ limits: 'none' }, 'column limits: limits must be an object'],
    [
      { laravel: { redisUrl: 'http://:hidden@redis' } },
      'column laravel: laravel.redisUrl must be a redis:// or rediss:// URL',
    ],
    [
      { webhooks: [{ url: 'ftp://user:hidden@example.com', event_types: ['member_added'] }] },
      'column webhooks: webhooks[0].url must be an http:// or https:// URL',
    ],
    [{ webhooks: 'x' }, 'column webhooks: webhooks must be a list of objects'],
  ])('says what is wrong with %j, and no secret', (columns, problem) => {
    const reading = readRow({ ...CREDENTIALS, ...columns })
    expect(reading).toMatchObject({ valid: false, problems: [expect.stringContaining(problem)] })
    expect(JSON.stringify(reading)).not.toMatch(/secret-7|hidden|with a space/)
  })

  it('is known to be disabled, even if nothing else in it is good', () => {
    expect(readRow({ id: 'a b', key: '', enabled: 0 })).toMatchObject({
      valid: false,
      isDisabled: true,
    })
  })
})
