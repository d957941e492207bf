/** Finds why something does not work, with what to do about it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { access } from '../access.ts'
import { Refused, reasonOf } from '../api.ts'
import { diagnose, type Outcome, type Result } from '../diagnose.ts'
import { clockTime, plural } from '../format.ts'
import { announce } from '../parts/announcer.tsx'
import { Heading } from '../parts/heading.tsx'
import { ResultCard } from '../parts/result-card.tsx'
import { ViewOnly } from '../parts/view-only.tsx'

type State =
  | { readonly is: 'idle' }
  | { readonly is: 'running' }
  | { readonly is: 'failed'; readonly reason: string }
  | { readonly is: 'done'; readonly results: readonly Result[]; readonly at: number }

/** What has to be looked at. */
const ASKS: readonly Outcome[] = ['critical', 'warning', 'unknown']

/** The last one, for who comes back to the page. */
let kept: State = { is: 'idle' }

export function Diagnosis() {
  const [state, setState] = useState<State>(kept)
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])
  const show = (next: State): void => {
    kept = next.is === 'running' ? { is: 'idle' } : next
    setState(next)
  }
  const run = async (): Promise<void> => {
    const request = new AbortController()
    running.current = request
    show({ is: 'running' })
    announce('The diagnosis is running')
    try {
      const results = await diagnose(request.signal)
      show({ is: 'done', results, at: Date.now() })
      announce(summaryOf(results))
    } catch (fault) {
      if (request.signal.aborted) return // the page was left
      const isTold =
        fault instanceof Error && !(fault instanceof Refused || fault instanceof TypeError)
      show({ is: 'failed', reason: isTold ? fault.message : reasonOf(fault) })
    }
  }
  const isRunning = state.is === 'running'
  return (
    <>
      <Heading title="Diagnosis">
        <span class="push actions">
          <button
            type="button"
            class="primary"
            disabled={isRunning || access.value !== 'operator'}
            onClick={() => void run()}
          >
            {isRunning ? 'Running…' : 'Run diagnosis'}
          </button>
        </span>
      </Heading>
      <ViewOnly>To run a diagnosis</ViewOnly>
      {state.is === 'idle' && <Introduction />}
      {isRunning && (
        <p class="notice" role="status">
          The server is asking itself, its Redis and its Laravel app. This takes up to a minute.
        </p>
      )}
      {state.is === 'failed' && (
        <p class="notice bad" role="alert">
          {state.reason}
        </p>
      )}
      {state.is === 'done' && <Results results={state.results} at={state.at} />}
    </>
  )
}

function Introduction() {
  return (
    <div class="card empty">
      <p>
        Walks the way of an event, from the configuration to a browser, and names the first link
        that is broken, why, and what to do about it. The same as <code>resound diagnose</code>.
      </p>
    </div>
  )
}

function Results({ results, at }: { results: readonly Result[]; at: number }) {
  const asking = results.filter(({ outcome }) => ASKS.includes(outcome))
  const rest = results.filter(({ outcome }) => !ASKS.includes(outcome))
  return (
    <>
      <p class={`notice ${toneOf(asking)}`}>
        {summaryOf(results)} <span class="hint">At {clockTime(at)}.</span>
      </p>
      <div class="results">
        {[...asking].sort(bySeverity).map((result) => (
          <ResultCard key={result.id} result={result} />
        ))}
      </div>
      <details class="rest" open={asking.length === 0}>
        <summary>{plural(rest.length, 'check')} without a finding</summary>
        <div class="results">
          {rest.map((result) => (
            <ResultCard key={result.id} result={result} />
          ))}
        </div>
      </details>
    </>
  )
}

function toneOf(asking: readonly Result[]): string {
  if (asking.length === 0) return 'good'
  return asking.some(({ outcome }) => outcome === 'critical') ? 'bad' : 'warn'
}

const bySeverity = (one: Result, other: Result): number =>
  ASKS.indexOf(one.outcome) - ASKS.indexOf(other.outcome)

function summaryOf(results: readonly Result[]): string {
  const many = (outcome: Outcome): number => results.filter((one) => one.outcome === outcome).length
  const found = [
    many('critical') > 0 && plural(many('critical'), 'fault'),
    many('warning') > 0 && plural(many('warning'), 'warning'),
    many('unknown') > 0 && `${plural(many('unknown'), 'check')} without an answer`,
  ].filter((text) => text !== false)
  if (results.length === 0) return 'There was nothing to check.'
  return found.length === 0 ? 'No fault was found.' : `${found.join(', ')}.`
}
