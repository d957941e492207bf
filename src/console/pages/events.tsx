/** What happens, as it happens: events, connections and decisions, filtered. */
import { useState } from 'preact/hooks'
import { access } from '../access.ts'
import { count, plural } from '../format.ts'
import { Filter } from '../parts/filters.tsx'
import { Heading } from '../parts/heading.tsx'
import { SightRow } from '../parts/sight-row.tsx'
import { StreamNotice } from '../parts/stream-notice.tsx'
import { keepQuery, place } from '../place.ts'
import { KINDS, type Kind, MOST_SIGHTS, type Sights, useSights } from '../sights.ts'

const WORDS: Readonly<Record<Kind, string>> = {
  event: 'Events',
  subscribed: 'Subscribed',
  unsubscribed: 'Unsubscribed',
  connected: 'Connected',
  disconnected: 'Disconnected',
  'signed-in': 'Signed in',
  refused: 'Refused',
  dropped: 'Dropped',
}

interface Wanted {
  readonly channel: string
  readonly app: string
  readonly kinds: string
}

export function Events() {
  const { query } = place.value
  const [wanted, setWanted] = useState<Wanted>({
    channel: query.get('channel') ?? '',
    app: query.get('app') ?? '',
    kinds: query.get('kinds') ?? '',
  })
  const [hasPayloads, setPayloads] = useState(false)
  const isOperator = access.value === 'operator'
  const { sights, follower } = useSights({
    ...wanted,
    ...(hasPayloads && isOperator ? { payloads: '1' } : {}),
  })
  const filter = (next: Partial<Wanted>): void => {
    setWanted({ ...wanted, ...next })
    keepQuery({ ...wanted, ...next })
    sights.clear()
  }
  return (
    <>
      <Heading title="Events">
        <StreamNotice state={follower.state.value} />
        <span class="push actions">
          <button
            type="button"
            aria-pressed={sights.isPaused.value}
            onClick={() => sights.pause(!sights.isPaused.value)}
          >
            {sights.isPaused.value ? 'Resume' : 'Pause'}
          </button>
          <button type="button" onClick={() => sights.clear()}>
            Clear
          </button>
        </span>
      </Heading>
      <search class="filters">
        <Filter
          label="Channel, * for anything"
          placeholder="orders.*"
          value={wanted.channel}
          onChange={(channel) => filter({ channel })}
        />
        <Filter label="App id" value={wanted.app} onChange={(app) => filter({ app })} />
        <label class="check payload-switch">
          <input
            type="checkbox"
            checked={hasPayloads && isOperator}
            disabled={!isOperator}
            onChange={({ currentTarget }) => setPayloads(currentTarget.checked)}
          />
          Show what events carry{isOperator ? '' : ' (for operators)'}
        </label>
      </search>
      <Kinds kinds={wanted.kinds} onChange={(kinds) => filter({ kinds })} />
      <SightTable sights={sights} />
    </>
  )
}

/** All of them, or those that are chosen. */
function Kinds({ kinds, onChange }: { kinds: string; onChange: (kinds: string) => void }) {
  const chosen = new Set(kinds.split(',').filter(Boolean))
  const toggle = (kind: string): void => {
    const next = new Set(chosen.size === 0 ? KINDS : chosen)
    if (!next.delete(kind)) next.add(kind)
    onChange(next.size === KINDS.length ? '' : [...next].join())
  }
  return (
    <fieldset class="chips">
      <legend>Kinds</legend>
      {KINDS.map((kind) => (
        <label class="check" key={kind}>
          <input
            type="checkbox"
            checked={chosen.size === 0 || chosen.has(kind)}
            onChange={() => toggle(kind)}
          />
          {WORDS[kind]}
        </label>
      ))}
    </fieldset>
  )
}

function SightTable({ sights }: { sights: Sights }) {
  const rows = sights.rows.value
  return (
    <div class="card">
      {rows.length === 0 ? (
        <p class="empty">Nothing of this has happened since this page was opened.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <section class="scroll stream" tabIndex={0} aria-label="What has happened">
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">What</th>
                <th scope="col">Channel</th>
                <th scope="col">Details</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((sight) => (
                <SightRow key={sight.number} sight={sight} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      <div class="foot">
        <span>
          {rows.length === MOST_SIGHTS
            ? `The newest ${count(MOST_SIGHTS)}`
            : plural(rows.length, 'row')}
        </span>
        {sights.isPaused.value && (
          <span class="push">Paused: {count(sights.waiting.value)} have come since</span>
        )}
      </div>
    </div>
  )
}
