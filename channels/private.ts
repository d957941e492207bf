import type { Admission, AdmittingApp, ChannelKind, SubscribeRequest } from './kind.ts'
import { channelText, isSigned } from './signature.ts'

/** The decision every guarded kind begins with: did the app sign this socket and channel? */
export function admitSigned(request: SubscribeRequest, app: AdmittingApp): Admission {
  const text = channelText(request.socketId, request.channel, request.channelData)
  if (isSigned(request.auth, text, app)) return { admitted: true }
  return {
    admitted: false,
    refusal: {
      reason: 'signature',
      type: 'AuthError',
      status: 401,
      message: whyUnsigned(request, app),
    },
  }
}

function whyUnsigned({ auth, channel }: SubscribeRequest, app: AdmittingApp): string {
  if (auth === undefined || auth === '') {
    return `The subscription to ${channel} carries no signature. The authorisation endpoint must answer with "auth".`
  }
  if (!auth.startsWith(`${app.key}:`)) {
    return `The signature for ${channel} was made with another app key than this connection's.`
  }
  return `The signature does not match this channel and socket. The app's secret and the server's may differ.`
}

/** Subscribers are those the app has signed. */
export const privateChannel: ChannelKind = {
  name: 'private',
  prefix: 'private-',
  clientEvents: true,
  cached: false,
  admit: admitSigned,
}
