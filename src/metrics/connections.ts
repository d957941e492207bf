/** The metrics of connections, and of what they are subscribed to. */
import type { ChannelKind } from '../../channels/kind.ts'
import type { LiveApp } from '../hub/live-app.ts'
import { perApp, perLabel } from './apps.ts'
import type { Metric } from './metric.ts'

type Kind = ChannelKind['name']

const KINDS: readonly CountedKind[] = [
  'public',
  'private',
  'encrypted',
  'presence',
  'server-to-user',
]

export const CONNECTION_METRICS: readonly Metric[] = [
  {
    name: 'connections',
    type: 'gauge',
    help: 'Open connections.',
    labels: ['app'],
    read: ({ lives }, write) => {
      for (const { app, connections } of lives()) write(connections.size, app.id)
    },
  },
  {
    name: 'connections_limit',
    type: 'gauge',
    help: 'Most connections of an app, on all nodes together; of apps that have a limit.',
    labels: ['app'],
    ofWorkers: 'max',
    read: ({ lives }, write) => {
      for (const { app } of lives()) {
        const { maxConnections } = app.settings
        if (maxConnections > 0) write(maxConnections, app.id)
      }
    },
  },
  {
    name: 'connections_held',
    type: 'gauge',
    help: 'Connections that are not established yet, since too many came at once.',
    read: ({ held }, write) => write(held()),
  },
  perApp('connections_opened_total', 'Connections opened.', ({ opened }) => opened),
  perLabel(
    'connections_closed_total',
    'Connections closed, by the code of the close; 1006 without one, also of a worker that was killed.',
    'code',
    ({ closed }) => closed,
  ),
  {
    name: 'connections_refused_total',
    type: 'counter',
    help: 'Connections refused at the handshake, by the code that they were told.',
    labels: ['code'],
    read: ({ rejected }, write) => {
      for (const [code, count] of rejected) write(count, code)
    },
  },
  perApp(
    'slow_consumers_closed_total',
    'Connections closed because they read too slowly.',
    ({ slowConsumers }) => slowConsumers,
  ),
  {
    name: 'subscriptions',
    type: 'gauge',
    help: 'Subscriptions, by kind of channel.',
    labels: ['app', 'kind'],
    read: ({ lives }, write) => {
      for (const live of lives()) {
        const counts = subscriptionsOf(live)
        for (const kind of KINDS) write(counts[kind], live.app.id, kind)
      }
    },
  },
  perLabel(
    'subscribe_refused_total',
    'Subscriptions refused, by reason.',
    'reason',
    ({ subscribeRefused }) => subscribeRefused,
  ),
  perLabel(
    'signin_refused_total',
    'Sign-ins refused, by reason.',
    'reason',
    ({ signInRefused }) => signInRefused,
  ),
  perApp(
    'messages_malformed_total',
    'Messages that were not understood.',
    (tally) => tally.malformed,
  ),
  {
    name: 'presence_members',
    type: 'gauge',
    help: 'Users in presence channels on this process, once per channel.',
    labels: ['app'],
    read: ({ lives }, write) => {
      for (const { app, channels } of lives()) {
        let members = 0
        for (const { presence } of channels.values()) members += presence?.members.count ?? 0
        write(members, app.id)
      }
    },
  },
]

/** Kinds that apps use. */
type CountedKind = Exclude<Kind, 'canary'>

/** Of each kind, also where there is none: a gauge that is gone does not say that it is 0. */
function subscriptionsOf({ channels }: LiveApp): Readonly<Record<CountedKind, number>> {
  const counts = { public: 0, private: 0, encrypted: 0, presence: 0, 'server-to-user': 0 }
  for (const { kind, count } of channels.values()) {
    if (kind.name !== 'canary') counts[kind.name] += count
  }
  return counts
}
