/** One thing that has happened. */
import { bytes, clockTime, count, plural } from '../format.ts'
import type { Numbered } from '../sights.ts'

const TONE: Readonly<Partial<Record<Numbered['kind'], string>>> = {
  event: 'accent',
  refused: 'warn',
  dropped: 'bad',
  missed: 'bad',
}

export function SightRow({ sight }: { sight: Numbered }) {
  return (
    <tr data-kind={sight.kind}>
      <td class="time">{clockTime(sight.time, true)}</td>
      <td>
        <span class={`pill ${TONE[sight.kind] ?? ''}`}>{sight.kind}</span>
      </td>
      <td class="name mono">{sight.channel ?? ''}</td>
      <td class="name">
        <Details sight={sight} />
        {sight.data !== undefined && <code class="payload">{sight.data}</code>}
      </td>
    </tr>
  )
}

function Details({ sight }: { sight: Numbered }) {
  switch (sight.kind) {
    case 'event':
      return (
        <>
          <code>{sight.event}</code>{' '}
          <span class="muted">
            over {sight.source}, to {plural(sight.delivered ?? 0, 'connection')},{' '}
            {bytes(sight.bytes)}
            {sight.exceptSocketId !== undefined && `, not to ${sight.exceptSocketId}`}
          </span>
        </>
      )
    case 'refused':
      return (
        <>
          {sight.what}: {sight.reason}{' '}
          <span class="muted">
            {sight.code} {sight.socketId}
          </span>
        </>
      )
    case 'dropped':
      return (
        <>
          {sight.socketId} <span class="muted">read too slowly, {bytes(sight.bytes)} waited</span>
        </>
      )
    case 'missed':
      return <>{count(sight.count)} more came faster than they could be shown</>
    default:
      return (
        <>
          <span class="mono">{sight.socketId}</span>{' '}
          <span class="muted">
            {sight.userId !== undefined && `user ${sight.userId} `}
            {sight.code !== undefined && `code ${sight.code}`}
          </span>
        </>
      )
  }
}
