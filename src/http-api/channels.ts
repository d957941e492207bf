/**
 * GET /channels, /channels/{channel} and /channels/{channel}/users.
 */
import { kindOf } from '../../channels/kinds.ts'
import { isChannelName, SERVER_TO_USER } from '../../channels/name.ts'
import type { App } from '../apps/app.ts'
import { type Broker, type Soon, whenKnown } from '../broker/broker.ts'
import { attributesOf, readInfo } from './attributes.ts'
import { type HttpResponse, json, refusal } from './exchange.ts'
import type { Query } from './query.ts'

/** The occupied channels. The object is one even when empty: the PHP SDK fails on a list. */
export function getChannels(query: Query, app: App, broker: Broker): Soon<HttpResponse> {
  const prefix = query.get('filter_by_prefix') ?? ''
  const info = readInfo(query.get('info'), [])
  if (typeof info === 'string') return refusal(400, info)
  if (info.includes('user_count') && !prefix.startsWith('presence-')) {
    return refusal(
      400,
      'user_count is for presence channels: ask with filter_by_prefix beginning with presence-.',
    )
  }
  return whenKnown(broker.channels(app, prefix), (occupied) => {
    const names = occupied.filter((name) => !name.startsWith(SERVER_TO_USER))
    return whenKnown(attributesOf(names, info, app, broker), (attributes) =>
      json({ channels: Object.fromEntries(names.map((name, index) => [name, attributes[index]])) }),
    )
  })
}

export function getChannel(
  name: string,
  query: Query,
  app: App,
  broker: Broker,
): Soon<HttpResponse> {
  if (!isChannelName(name, app.limits.channelNameLength)) return badName()
  const info = readInfo(query.get('info'), [name])
  if (typeof info === 'string') return refusal(400, info)
  return whenKnown(broker.subscriptionCounts(app, [name]), ([count = 0]) =>
    whenKnown(attributesOf([name], info, app, broker), ([attributes]) =>
      json({ occupied: count > 0, ...attributes }),
    ),
  )
}

export function getChannelUsers(name: string, app: App, broker: Broker): Soon<HttpResponse> {
  if (!isChannelName(name, app.limits.channelNameLength)) return badName()
  if (kindOf(name).name !== 'presence') {
    return refusal(400, 'Only presence channels have users: the name must begin with presence-.')
  }
  return whenKnown(broker.users(app, name), (users) => json({ users: users.map((id) => ({ id })) }))
}

const badName = (): HttpResponse => refusal(400, 'The path does not hold an allowed channel name.')
