import { isUserId } from '../../channels/name.ts'
import { isSigned, userText } from '../../channels/signature.ts'
import { parseSigned, textOf } from '../../channels/signed-json.ts'
import { whenKnown } from '../broker/broker.ts'
import type { Connection, User } from '../hub/connection.ts'
import type { Hub } from '../hub/hub.ts'
import { countIn } from '../hub/tally.ts'
import { NOTICE } from '../protocol/codes.ts'
import { error } from '../protocol/encode.ts'
import type { ClientMessage } from '../protocol/messages.ts'

type SignIn = Extract<ClientMessage, { type: 'signin' }>

/** Most users one connection can watch, as Pusher documents it. */
const WATCHLIST_LENGTH = 100

/** Signs a connection in as the user its app vouches for, or answers `pusher:error` 4009. */
export function signIn({ auth, userData }: SignIn, from: Connection, hub: Hub): void {
  const refuse = (reason: 'signature' | 'user' | 'other-user', message: string): void => {
    const code = NOTICE.SIGN_IN_REFUSED
    countIn(from.live.tally.signInRefused, reason)
    hub.observers.refused('sign-in', message, { code, app: from.app.id, socketId: from.socketId })
    from.send(error(code, message))
  }
  if (!isSigned(auth, userText(from.socketId, userData), from.app)) {
    refuse(
      'signature',
      "The sign-in's signature does not match. The app's secret and the server's may differ.",
    )
    return
  }
  const user = readUser(userData)
  if (user === undefined) {
    refuse(
      'user',
      'user_data must be a JSON object with a string "id" of letters, digits and _ - = @ , . ;',
    )
    return
  }
  if (from.user !== undefined && from.user.userId !== user.userId) {
    refuse('other-user', 'This connection is already signed in as another user.')
    return
  }
  const { watchlist } = user
  const watched = { ...user, watchlist: watchlist.slice(0, WATCHLIST_LENGTH) }
  void whenKnown(hub.signIn(from, watched, userData), () => {
    if (watchlist.length <= WATCHLIST_LENGTH) return
    from.send(
      error(
        NOTICE.WATCHLIST_TOO_LONG,
        `The watchlist has ${watchlist.length} users; the first ${WATCHLIST_LENGTH} are watched, up to ${watchlist[WATCHLIST_LENGTH - 1]}.`,
      ),
    )
  })
}

/** Reads `user_data`. The id must be a string: pusher-js drops the success of any other. */
function readUser(userData: string): User | undefined {
  const data = parseSigned(userData)
  if (data === undefined) return undefined
  const { id, user_info: info, watchlist } = data
  if (typeof id !== 'string' || !isUserId(id)) return undefined
  const userInfo = textOf(info)
  if (userInfo === undefined) return undefined
  return { userId: id, userInfo, watchlist: Array.isArray(watchlist) ? userIds(watchlist) : [] }
}

/** The user ids in a list, each once. Apps may give them as numbers. */
function userIds(list: readonly unknown[]): string[] {
  const ids = list.filter((id) => typeof id === 'string' || Number.isSafeInteger(id)).map(String)
  return [...new Set(ids)].filter(isUserId)
}
