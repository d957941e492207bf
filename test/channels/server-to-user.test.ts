import { describe, expect, it } from 'vitest'
import { serverToUserChannel } from '../../channels/server-to-user.ts'

const app = { key: 'key', secrets: [], limits: { presenceMemberBytes: 2048 } }
const user = { userId: '7', userInfo: 'null' }
const request = { socketId: '1.1', auth: '', channelData: undefined }

describe("a user's channel", () => {
  it('admits the user', () => {
    const channel = '#server-to-user-7'
    expect(serverToUserChannel.admit({ ...request, channel, user }, app)).toEqual({
      admitted: true,
    })
  })

  it.each([
    ['nobody', undefined, '#server-to-user-7'],
    ['another user', user, '#server-to-user-8'],
    ['a user whose id is the start of the name', user, '#server-to-user-77'],
  ])('refuses %s', (_who, who, channel) => {
    expect(serverToUserChannel.admit({ ...request, channel, user: who }, app)).toMatchObject({
      admitted: false,
      refusal: { reason: 'user', type: 'AuthError', status: 401 },
    })
  })
})
