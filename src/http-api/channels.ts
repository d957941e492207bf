/**
 * GET /channels, /channels/{channel} and /channels/{channel}/users.
 */
import { kindOf } from '../../channels/kinds.ts'
import { isChannelName, SERVER_TO_USER } from '../../channels/name.ts'
import type { App } from '../apps/app.ts'
import type { Hub } from '../hub/hub.ts'
import { attributesOf, readInfo } from './attributes.ts'
import { type HttpResponse, json, refusal } from './exchange.ts'
import type { Query } from './query.ts'

/** The occupied channels. The object is one even when empty: the PHP SDK fails on a list. */
export function getChannels(query: Query, app: App, hub: Hub): HttpResponse {
  const prefix = query.get('filter_by_prefix') ?? ''
  const info = readInfo(query.get('info'), [])
  if (typeof info === 'string') return refusal(400, info)
  if (info.includes('user_count') && !prefix.startsWith('presence-')) {
    return refusal(
      400,
      'user_count is for presence channels: ask with filter_by_prefix beginning with presence-.',
    )
  }
  const channels = [...hub.live(app).channels.keys()]
    .filter((name) => name.startsWith(prefix) && !name.startsWith(SERVER_TO_USER))
    .map((name) => [name, attributesOf(name, info, app, hub)] as const)
  return json({ channels: Object.fromEntries(channels) })
}

export function getChannel(name: string, query: Query, app: App, hub: Hub): HttpResponse {
  if (!isChannelName(name, app.limits.channelNameLength)) return badName()
  const info = readInfo(query.get('info'), [name])
  if (typeof info === 'string') return refusal(400, info)
  const occupied = hub.live(app).channels.has(name)
  return json({ occupied, ...attributesOf(name, info, app, hub) })
}

export function getChannelUsers(name: string, app: App, hub: Hub): HttpResponse {
  if (!isChannelName(name, app.limits.channelNameLength)) return badName()
  if (kindOf(name).name !== 'presence') {
    return refusal(400, 'Only presence channels have users: the name must begin with presence-.')
  }
  const members = hub.live(app).channels.get(name)?.presence?.members ?? []
  return json({ users: [...members].map(({ userId }) => ({ id: userId })) })
}

const badName = (): HttpResponse => refusal(400, 'The path does not hold an allowed channel name.')
