/** What one check has found. */
import { useState } from 'preact/hooks'
import type { Outcome, Result } from '../diagnose.ts'
import { announce } from './announcer.tsx'

const WORDS: Readonly<Record<Outcome, readonly [tone: string, word: string]>> = {
  ok: ['good', 'OK'],
  warning: ['warn', 'Warning'],
  critical: ['bad', 'Fault'],
  unknown: ['warn', 'Unknown'],
  skip: ['', 'Left out'],
  'not-tested': ['', 'Not tested'],
}

export function ResultCard({ result }: { result: Result }) {
  const { id, question, outcome, summary, evidence = [], cause, fix } = result
  const [tone, word] = WORDS[outcome] ?? ['', outcome]
  return (
    <article class="card result" data-outcome={outcome}>
      <div class="result-head">
        <span class={`pill ${tone}`}>{word}</span>
        <h2>{question}</h2>
        <code>{id}</code>
      </div>
      <p>{summary}</p>
      {cause !== undefined && <p class="cause">{cause}</p>}
      {evidence.length > 0 && (
        <ul class="evidence">
          {evidence.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {fix !== undefined && (
        <div class="fix">
          <p>{fix.text}</p>
          {fix.paste !== undefined && <Paste text={fix.paste} into={fix.into} />}
        </div>
      )}
    </article>
  )
}

function Paste({ text, into }: { text: string; into: string | undefined }) {
  const [said, setSaid] = useState('Copy')
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('Copied')
      announce('Copied')
    } catch {
      setSaid('Select and copy it') // a browser allows it on https and loopback only
    }
  }
  return (
    <>
      <pre class="paste">{text}</pre>
      <div class="actions">
        <button type="button" class="small" onClick={() => void copy()}>
          {said}
        </button>
        {into !== undefined && (
          <span class="hint">
            {into === 'shell' ? 'In a shell' : 'Goes into'}{' '}
            {into !== 'shell' && <code>{into}</code>}
          </span>
        )}
      </div>
    </>
  )
}
