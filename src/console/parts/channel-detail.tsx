/** One channel: its members, and the ways on from it. */
import { useEffect, useRef } from 'preact/hooks'
import { plural } from '../format.ts'
import { linkTo } from '../place.ts'
import { useRows } from '../rows.ts'

interface DetailProps {
  readonly app: string
  readonly name: string
  readonly close: () => void
}

export function ChannelDetail({ app, name, close }: DetailProps) {
  const panel = useRef<HTMLElement>(null)
  const hasMembers = name.startsWith('presence-')
  const query = hasMembers ? { app, channel: name } : undefined
  const members = useRows<{ readonly userId: string }>('/channels/members', 'members', query)
  useEffect(() => panel.current?.focus(), [])
  return (
    <section
      class="card detail"
      ref={panel}
      tabIndex={-1}
      aria-labelledby="channel-title"
      onKeyDown={({ key }) => key === 'Escape' && close()}
    >
      <h2 id="channel-title">{name}</h2>
      <div class="actions">
        <a class="button" href={linkTo('connections', { app, channel: name })}>
          Connections
        </a>
        <a class="button" href={linkTo('events', { app, channel: name })}>
          Events
        </a>
        <a class="button" href={linkTo('send', { app, channel: name })}>
          Send
        </a>
      </div>
      {hasMembers ? (
        <Members list={members} />
      ) : (
        <p class="hint">Only presence channels know who is in them; see its connections.</p>
      )}
      <button type="button" class="quiet small" onClick={close}>
        Close
      </button>
    </section>
  )
}

function Members({ list }: { list: ReturnType<typeof useRows<{ readonly userId: string }>> }) {
  const { rows, hasMore, problem, isLoading, showMore } = list
  if (problem !== undefined) return <p class="notice bad">{problem}</p>
  if (isLoading) return <p class="hint">Asking the server…</p>
  return (
    <>
      <h3>
        {plural(rows.length, 'member')}
        {hasMore ? ' so far' : ''}
      </h3>
      <ul class="members" aria-label="Members">
        {rows.map(({ userId }) => (
          <li key={userId}>{userId}</li>
        ))}
      </ul>
      {hasMore && (
        <button type="button" class="small" onClick={showMore}>
          Show more
        </button>
      )}
    </>
  )
}
