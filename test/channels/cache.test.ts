import { expect, it } from 'vitest'
import { withCache } from '../../channels/cache.ts'
import { presenceChannel } from '../../channels/presence.ts'

it('changes what a kind remembers and is called, and nothing else', () => {
  expect(withCache(presenceChannel)).toEqual({
    ...presenceChannel,
    prefix: 'presence-cache-',
    cached: true,
  })
})
