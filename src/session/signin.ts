import { isUserId } from '../../channels/name.ts'
import { isSigned, userText } from '../../channels/signature.ts'
import type { Connection, User } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import { NOTICE } from '../protocol/codes.ts'
import { error } from '../protocol/encode.ts'
import type { ClientMessage } from '../protocol/messages.ts'

type SignIn = Extract<ClientMessage, { type: 'signin' }>

/** Most users one connection can watch, as Pusher documents it. */
const WATCHLIST_LENGTH = 100

/** Signs a connection in as the user its app vouches for, or answers `pusher:error` 4009. */
export function signIn({ auth, userData }: SignIn, from: Connection, hub: Hub): void {
  const refuse = (reason: string): void => from.send(error(NOTICE.SIGN_IN_REFUSED, reason))
  if (!isSigned(auth, userText(from.socketId, userData), from.app)) {
    refuse("The sign-in's signature does not match. The app's secret and the server's may differ.")
    return
  }
  const user = readUser(userData)
  if (user === undefined) {
    refuse(
      'user_data must be a JSON object with a string "id" of letters, digits and _ - = @ , . ;',
    )
    return
  }
  if (from.user !== undefined && from.user.userId !== user.userId) {
    refuse('This connection is already signed in as another user.')
    return
  }
  const { watchlist } = user
  hub.signIn(from, { ...user, watchlist: watchlist.slice(0, WATCHLIST_LENGTH) }, userData)
  if (watchlist.length > WATCHLIST_LENGTH) {
    from.send(
      error(
        NOTICE.WATCHLIST_TOO_LONG,
        `The watchlist has ${watchlist.length} users; the first ${WATCHLIST_LENGTH} are watched, up to ${watchlist[WATCHLIST_LENGTH - 1]}.`,
      ),
    )
  }
}

/** Reads `user_data`. The id must be a string: pusher-js drops the success of any other. */
function readUser(userData: string): User | undefined {
  let data: unknown
  try {
    data = JSON.parse(userData)
  } catch {
    return undefined // signed, but not JSON: refused like any other user_data without an id
  }
  if (typeof data !== 'object' || data === null || !('id' in data)) return undefined
  if (typeof data.id !== 'string' || !isUserId(data.id)) return undefined
  const watchlist = 'watchlist' in data && Array.isArray(data.watchlist) ? data.watchlist : []
  return {
    userId: data.id,
    userInfo: 'user_info' in data ? JSON.stringify(data.user_info) : 'null',
    watchlist: [...new Set(watchlist.map(String))].filter(isUserId),
  }
}
