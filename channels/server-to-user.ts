import type { ChannelKind } from './kind.ts'
import { SERVER_TO_USER } from './name.ts'

/** What the app sends to one user; only connections signed in as that user may listen. */
export const serverToUserChannel: ChannelKind = {
  name: 'server-to-user',
  prefix: SERVER_TO_USER,
  clientEvents: false,
  cached: false,
  admit: ({ channel, user }) =>
    user !== undefined && channel === SERVER_TO_USER + user.userId
      ? { admitted: true }
      : {
          admitted: false,
          refusal: {
            reason: 'user',
            type: 'AuthError',
            status: 401,
            message: 'Only a connection signed in as this user may subscribe to its channel.',
          },
        },
}
