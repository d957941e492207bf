/** The open connections, and closing them. */
import { useState } from 'preact/hooks'
import { access } from '../access.ts'
import { type Connection, change, reasonOf } from '../api.ts'
import { bytes, count, plural, span } from '../format.ts'
import { announce } from '../parts/announcer.tsx'
import { confirmed } from '../parts/confirm.tsx'
import { Filter } from '../parts/filters.tsx'
import { Heading } from '../parts/heading.tsx'
import { List } from '../parts/list.tsx'
import { ViewOnly } from '../parts/view-only.tsx'
import { keepQuery, place } from '../place.ts'
import { useRows } from '../rows.ts'
import { latest } from '../samples.ts'

interface Filters {
  readonly app: string
  readonly channel: string
  readonly user: string
}

export function Connections() {
  const { query } = place.value
  const [filters, setFilters] = useState<Filters>({
    app: query.get('app') ?? '',
    channel: query.get('channel') ?? '',
    user: query.get('user') ?? '',
  })
  const [outcome, setOutcome] = useState<Outcome>()
  const list = useRows<Connection>('/connections', 'connections', { ...filters })
  const filter = (next: Partial<Filters>): void => {
    setFilters({ ...filters, ...next })
    keepQuery({ ...filters, ...next })
  }
  const done = (next: Outcome): void => {
    setOutcome(next)
    announce(next.text)
    list.reload()
  }
  const now = latest.value?.time ?? Date.now()
  return (
    <>
      <Heading title="Connections" />
      <search class="filters">
        <Filter
          label="In channel"
          placeholder="orders"
          value={filters.channel}
          onChange={(channel) => filter({ channel })}
        />
        <Filter label="User id" value={filters.user} onChange={(user) => filter({ user })} />
        <Filter label="App id" value={filters.app} onChange={(app) => filter({ app })} />
      </search>
      <ViewOnly>To close connections</ViewOnly>
      {outcome !== undefined && <p class={`notice ${outcome.tone}`}>{outcome.text}</p>}
      <List list={list} noun="connection" empty="There is no connection like this.">
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Socket id</th>
              <th scope="col">User</th>
              <th scope="col">App</th>
              <th scope="col">Node</th>
              <th scope="col" class="number">
                Channels
              </th>
              <th scope="col" class="number">
                Open for
              </th>
              <th scope="col" class="number">
                Waiting
              </th>
              <th scope="col">
                <span class="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.rows.map((connection) => (
              <tr key={`${connection.app} ${connection.socketId}`}>
                <td data-label="Socket id" class="mono">
                  {connection.socketId}
                </td>
                <td data-label="User" class="name">
                  {connection.userId ?? ''}
                </td>
                <td data-label="App">{connection.app}</td>
                <td data-label="Node" class="muted">
                  {connection.node}
                </td>
                <td data-label="Channels" class="number">
                  {count(connection.channels)}
                </td>
                <td data-label="Open for" class="number">
                  {span((now - Date.parse(connection.openedAt)) / 1000)}
                </td>
                <td data-label="Waiting" class="number">
                  {bytes(connection.bufferedBytes)}
                </td>
                <td class="row-actions">
                  <RowActions connection={connection} done={done} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </List>
    </>
  )
}

interface Outcome {
  readonly tone: 'good' | 'bad'
  readonly text: string
}

interface ActionsProps {
  readonly connection: Connection
  readonly done: (outcome: Outcome) => void
}

function RowActions({ connection: { app, socketId, userId }, done }: ActionsProps) {
  const isOperator = access.value === 'operator'
  const act = async (path: string, id: string): Promise<void> => {
    try {
      const { closed } = await change<{ closed: number }>(path, { app, id })
      done({
        tone: 'good',
        text: `${plural(closed, 'connection was', 'connections were')} closed.`,
      })
    } catch (fault) {
      done({ tone: 'bad', text: reasonOf(fault) })
    }
  }
  const close = async (): Promise<void> => {
    const text = `The client of ${socketId} is told not to come back by itself.`
    if (await confirmed('Close this connection?', text, 'Close connection')) {
      await act('/connections/close', socketId)
    }
  }
  const disconnect = async (user: string): Promise<void> => {
    const text = `Every connection of ${user} is closed, on all nodes, and told not to come back by itself.`
    if (await confirmed('Disconnect this user?', text, 'Disconnect user')) {
      await act('/users/disconnect', user)
    }
  }
  return (
    <span class="actions end">
      {userId !== null && (
        <button
          type="button"
          class="small"
          disabled={!isOperator}
          aria-label={`Disconnect user ${userId}`}
          onClick={() => void disconnect(userId)}
        >
          Disconnect user
        </button>
      )}
      <button
        type="button"
        class="small"
        disabled={!isOperator}
        aria-label={`Close ${socketId}`}
        onClick={() => void close()}
      >
        Close
      </button>
    </span>
  )
}
