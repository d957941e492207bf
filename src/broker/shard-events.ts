/**
 * What happens in a shard, as the hub is told of it: apps by themselves instead of by their ids, and
 * nothing of the channels that are ours.
 */
import type { App } from '../apps/app.ts'
import type { AppSource } from '../apps/app-source.ts'
import type { BrokerNews } from './broker.ts'
import { CONNECTIONS } from './counts.ts'
import type { EventRecord } from './envelope.ts'
import type { ShardEvents } from './node-shard.ts'
import { USERS } from './seats.ts'

const isOurs = (channel: string): boolean => channel === CONNECTIONS || channel === USERS

/** @param news undefined until there is a hub */
export function shardEvents(
  apps: AppSource,
  news: () => BrokerNews | undefined,
): Omit<ShardEvents, 'live' | 'lost' | 'asked'> {
  /** Nobody is told of an app that this node does not serve. */
  const withApp = (appId: string, then: (app: App, news: BrokerNews) => void): void => {
    const app = apps.byId(appId)
    const hub = news()
    if (app !== undefined && hub !== undefined) then(app, hub)
  }
  return {
    memberAdded: ({ appId, channel }, member) =>
      withApp(appId, (app, hub) => hub.memberAdded(app, channel, member)),
    memberRemoved: ({ appId, channel }, userId) =>
      withApp(appId, (app, hub) => hub.memberRemoved(app, channel, userId)),
    userChanged: (appId, userId, isOnline) =>
      withApp(appId, (app, hub) => hub.userChanged(app, userId, isOnline)),
    total: ({ appId, channel }, total, isChangeHere) => {
      if (isOurs(channel)) return
      withApp(appId, (app, hub) => hub.total(app, channel, total, isChangeHere))
    },
    memberCame: ({ appId, channel }, userId) =>
      withApp(appId, (app, hub) => {
        if (isOurs(channel) || !app.tells('member_added')) return
        hub.occurred(app, { name: 'member_added', channel, userId })
      }),
    occupied: ({ appId, channel }) =>
      withApp(appId, (app, hub) => {
        if (isOurs(channel) || !app.tells('channel_occupied')) return
        hub.occurred(app, { name: 'channel_occupied', channel })
      }),
    gone: ({ appId, ...occurrence }) =>
      withApp(appId, (app, hub) => {
        if (isOurs(occurrence.channel) || !app.tells(occurrence.name)) return
        hub.occurred(app, occurrence)
      }),
    heard: (record) => withApp(record.appId, (app, hub) => hub.heard(publicationOf(record, app))),
    terminated: (appId, userId) => withApp(appId, (app, hub) => hub.terminated(app, userId)),
  }
}

function publicationOf(record: EventRecord, app: App): Parameters<BrokerNews['heard']>[0] {
  const { channels, event, data, exceptSocketId, userId, source } = record
  const publication = { app, channels, event, data, exceptSocketId, source }
  return userId === undefined ? publication : { ...publication, userId }
}
