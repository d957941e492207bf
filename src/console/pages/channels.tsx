/** The channels that somebody has subscribed to, and who is in them. */
import { useState } from 'preact/hooks'
import type { Channel } from '../api.ts'
import { count } from '../format.ts'
import { ChannelDetail } from '../parts/channel-detail.tsx'
import { Filter } from '../parts/filters.tsx'
import { Heading } from '../parts/heading.tsx'
import { List } from '../parts/list.tsx'
import { keepQuery, place } from '../place.ts'
import { useRows } from '../rows.ts'

type Chosen = Pick<Channel, 'app' | 'name'>

export function Channels() {
  const { query } = place.value
  const [prefix, setPrefix] = useState(query.get('prefix') ?? '')
  const [app, setApp] = useState(query.get('app') ?? '')
  const [chosen, setChosen] = useState<Chosen>()
  const list = useRows<Channel>('/channels', 'channels', { prefix, app })
  const filter = (next: { prefix?: string; app?: string }): void => {
    setPrefix(next.prefix ?? prefix)
    setApp(next.app ?? app)
    keepQuery({ prefix, app, ...next })
  }
  const isChosen = ({ app: of, name }: Channel): boolean =>
    chosen?.app === of && chosen.name === name
  return (
    <>
      <Heading title="Channels" />
      <search class="filters">
        <Filter
          label="Name begins with"
          placeholder="presence-"
          value={prefix}
          onChange={(value) => filter({ prefix: value })}
        />
        <Filter label="App id" value={app} onChange={(value) => filter({ app: value })} />
      </search>
      <div class={`split ${chosen === undefined ? '' : 'open'}`}>
        <List list={list} noun="channel" empty={emptyText(prefix, app)}>
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">Channel</th>
                <th scope="col">App</th>
                <th scope="col">Kind</th>
                <th scope="col" class="number">
                  Subscriptions
                </th>
                <th scope="col" class="number">
                  Members
                </th>
              </tr>
            </thead>
            <tbody>
              {list.rows.map((channel) => (
                <tr
                  key={`${channel.app} ${channel.name}`}
                  class={isChosen(channel) ? 'chosen' : ''}
                >
                  <td class="name">
                    <button
                      type="button"
                      class="link mono"
                      aria-expanded={isChosen(channel)}
                      onClick={() => setChosen(isChosen(channel) ? undefined : channel)}
                    >
                      {channel.name}
                    </button>
                  </td>
                  <td data-label="App">{channel.app}</td>
                  <td data-label="Kind">{kindOf(channel)}</td>
                  <td data-label="Subscriptions" class="number">
                    {count(channel.subscriptions)}
                  </td>
                  <td data-label="Members" class="number">
                    {channel.members === null ? '' : count(channel.members)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </List>
        {chosen !== undefined && (
          <ChannelDetail
            key={`${chosen.app} ${chosen.name}`}
            {...chosen}
            close={() => setChosen(undefined)}
          />
        )}
      </div>
    </>
  )
}

const kindOf = ({ kind, cached }: Channel): string => (cached ? `${kind}, cached` : kind)

function emptyText(prefix: string, app: string): string {
  return prefix === '' && app === ''
    ? 'Nobody has subscribed to a channel yet.'
    : 'No channel is like this.'
}
