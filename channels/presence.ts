import type { Admission, ChannelKind, Member, Refusal } from './kind.ts'
import { USER_ID_LENGTH } from './name.ts'
import { admitSigned } from './private.ts'
import { parseSigned, textOf } from './signed-json.ts'

/** Subscribers are members, known to each other by user id. */
export const presenceChannel: ChannelKind = {
  name: 'presence',
  prefix: 'presence-',
  clientEvents: true,
  cached: false,
  admit(request, app) {
    const signed = admitSigned(request, app)
    if (!signed.admitted) return signed
    const { channelData, user } = request
    const { presenceMemberBytes } = app.limits
    if (Buffer.byteLength(channelData ?? user?.userInfo ?? '') > presenceMemberBytes) {
      return refused('member-size', `A member is larger than ${presenceMemberBytes} bytes.`, 4301)
    }
    if (channelData === undefined) {
      return user === undefined
        ? refused(
            'member',
            'A presence channel needs channel_data with a user_id, or a signed-in user.',
            401,
          )
        : { admitted: true, member: { userId: user.userId, userInfo: user.userInfo } }
    }
    const member = readMember(channelData)
    return member === undefined
      ? refused(
          'member',
          `channel_data must be a JSON object with a user_id of 1 to ${USER_ID_LENGTH} characters.`,
          401,
        )
      : { admitted: true, member }
  },
}

function refused(reason: Refusal['reason'], message: string, status: number): Admission {
  const type = reason === 'member-size' ? 'LimitReached' : 'AuthError'
  return { admitted: false, refusal: { reason, type, message, status } }
}

/** Reads `channel_data`. Older SDKs send the id as a number; from here on it is a string. */
function readMember(channelData: string): Member | undefined {
  const data = parseSigned(channelData)
  if (data === undefined) return undefined
  const userId = userIdOf(data['user_id'], channelData)
  const userInfo = textOf(data['user_info'])
  return userId === undefined || userInfo === undefined ? undefined : { userId, userInfo }
}

/** The user id as the string that is used everywhere, or undefined when it cannot be one. */
function userIdOf(id: unknown, channelData: string): string | undefined {
  const text = typeof id === 'number' ? asWritten(id, channelData) : id
  if (typeof text !== 'string' || text === '' || text.length > USER_ID_LENGTH) return undefined
  return text
}

/** A number's text. Beyond 2^53 it stands in the JSON alone: once parsed, it can be another user's. */
function asWritten(id: number, channelData: string): string | undefined {
  if (Number.isSafeInteger(id)) return String(id)
  if (!Number.isFinite(id)) return undefined
  const written = new Set<string>()
  for (const [, text = ''] of channelData.matchAll(/"user_id"\s*:\s*(-?\d[\d.eE+-]*)/g)) {
    if (Number(text) === id) written.add(text)
  }
  const [only] = written
  return written.size === 1 ? only : undefined // else a second one, deeper inside, may be the wrong one
}
