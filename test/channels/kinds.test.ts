import { describe, expect, it } from 'vitest'
import { kindOf } from '../../channels/kinds.ts'

describe('the kind of a channel', () => {
  it.each([
    // name, kind, cached, client events
    ['news', 'public', false, false],
    ['cache-news', 'public', true, false],
    ['private-orders', 'private', false, true],
    ['private-cache-orders', 'private', true, true],
    ['private-encrypted-orders', 'encrypted', false, false],
    ['private-encrypted-cache-orders', 'encrypted', true, false],
    ['presence-lobby', 'presence', false, true],
    ['presence-cache-lobby', 'presence', true, true],
    ['#server-to-user-7', 'server-to-user', false, false],
    ['#resound-canary-0123456789abcdef', 'canary', false, false],
  ])('is read from the prefix of %s', (name, kind, cached, clientEvents) => {
    expect(kindOf(name)).toMatchObject({ name: kind, cached, clientEvents })
  })

  it.each([
    'privateer',
    'private',
    'presence',
    'presences-x',
    'cache',
    'cached-x',
    'my-cache-x',
    'my-private-x',
    'Private-x',
    'PRESENCE-x',
    'server-to-user-7',
    'resound-canary-0123456789abcdef',
  ])('is public and uncached where a prefix is only resembled: %s', (name) => {
    expect(kindOf(name)).toMatchObject({ name: 'public', cached: false })
  })

  it.each([
    ['private-encrypted', 'private', false],
    ['private-encryptedx', 'private', false],
    ['private-my-cache-x', 'private', false],
    ['private-cache', 'private', false],
    ['cache-private-x', 'public', true],
    ['presence-private-x', 'presence', false],
    ['private-presence-x', 'private', false],
    ['private-', 'private', false],
  ])('takes the longest prefix that stands whole at the start: %s', (name, kind, cached) => {
    expect(kindOf(name)).toMatchObject({ name: kind, cached })
  })
})
