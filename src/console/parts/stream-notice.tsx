/** Whether a page's own stream is heard. */
import type { StreamState } from '../follow.ts'

const TEXT = {
  connecting: 'Connecting',
  live: 'Following',
  waiting: 'Reconnecting',
  refused: 'Refused',
  resting: 'Paused while hidden',
} as const

export function StreamNotice({ state }: { state: StreamState }) {
  return (
    <span role="status" class={`pill ${state.is === 'live' ? 'good' : 'warn'}`}>
      {TEXT[state.is]}
      {'reason' in state && `: ${state.reason}`}
    </span>
  )
}
