import { expect, it } from 'vitest'
import { encryptedChannel } from '../../channels/encrypted.ts'
import { privateChannel } from '../../channels/private.ts'
import { Secret } from '../../channels/secret.ts'

const app = {
  key: '278d425bdf160c739803',
  secrets: [new Secret('7ad3773142a6692b25b8')],
  limits: { presenceMemberBytes: 2048 },
}
const request = {
  socketId: '1234.1234',
  channel: 'private-foobar',
  auth: `${app.key}:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4`,
  channelData: undefined,
  user: undefined,
}

it.each([privateChannel, encryptedChannel])(
  'a channel that is $name admits whom the app signed',
  (kind) => {
    expect(kind.admit(request, app)).toEqual({ admitted: true })
  },
)

it.each([
  [
    'without a signature',
    { auth: undefined },
    'The subscription to private-foobar carries no signature. The authorisation endpoint must answer with "auth".',
  ],
  [
    'with an empty signature',
    { auth: '' },
    'The subscription to private-foobar carries no signature. The authorisation endpoint must answer with "auth".',
  ],
  [
    "with another app's key",
    { auth: 'another:58df' },
    "The signature for private-foobar was made with another app key than this connection's.",
  ],
  [
    'with a signature for another socket',
    { socketId: '1234.1235' },
    "The signature does not match this channel and socket. The app's secret and the server's may differ.",
  ],
  [
    'with channel_data that was not signed',
    { channelData: '{}' },
    "The signature does not match this channel and socket. The app's secret and the server's may differ.",
  ],
])('a private channel refuses a subscription %s, and says so', (_what, more, message) => {
  expect(privateChannel.admit({ ...request, ...more }, app)).toEqual({
    admitted: false,
    refusal: { reason: 'signature', type: 'AuthError', status: 401, message },
  })
})
