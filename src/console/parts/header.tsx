/** The line above everything: which server, whether it is heard, what may be done, light or dark. */
import { useEffect, useRef } from 'preact/hooks'
import { access, lock } from '../access.ts'
import { status, stream } from '../samples.ts'
import { applyTheme, THEMES, theme } from '../theme.ts'
import { announce } from './announcer.tsx'
import { Mark } from './icons.tsx'
import { openUnlock, UnlockDialog } from './unlock.tsx'

const NAMES = { system: 'System', light: 'Light', dark: 'Dark' } as const

export function Header() {
  const told = status.value
  return (
    <header>
      <a class="brand" href="#/overview" aria-label="Resound console, overview">
        <Mark />
        <span>Resound</span>
        {told !== undefined && <span class="version">{told.version}</span>}
      </a>
      <StreamState />
      <div class="header-end">
        <Rights />
        <ThemeSwitch />
      </div>
      <UnlockDialog />
    </header>
  )
}

const WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  waiting: 'Reconnecting',
  refused: 'Refused',
  resting: 'Paused',
} as const

function StreamState() {
  const state = stream.value
  const before = useRef<string>(undefined)
  const word = WORDS[state.is]
  useEffect(() => {
    if (before.current !== undefined) announce(`Live figures: ${word}`)
    before.current = word
  }, [word])
  return (
    <span
      class={`pill ${state.is === 'live' ? 'good' : 'warn'}`}
      data-stream={state.is}
      title={'reason' in state ? state.reason : undefined}
    >
      {word}
    </span>
  )
}

function Rights() {
  if (access.value === 'operator') {
    return (
      <span class="rights">
        <span class="pill accent">Operator</span>
        <button type="button" class="quiet" onClick={lock}>
          Lock
        </button>
      </span>
    )
  }
  return (
    <button type="button" class="quiet" onClick={openUnlock}>
      View only: unlock
    </button>
  )
}

function ThemeSwitch() {
  return (
    <fieldset class="segments">
      <legend class="unseen">Colours</legend>
      {THEMES.map((one) => (
        <label key={one}>
          <input
            type="radio"
            name="theme"
            value={one}
            checked={theme.value === one}
            onChange={() => applyTheme(one)}
          />
          <span>{NAMES[one]}</span>
        </label>
      ))}
    </fieldset>
  )
}
