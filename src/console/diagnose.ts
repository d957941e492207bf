/** Runs the diagnosis on the server, and waits for its document. */
import { authorization } from './access.ts'
import { refusalIn } from './api.ts'
import { messagesIn } from './event-stream.ts'

export type Outcome = 'ok' | 'warning' | 'critical' | 'unknown' | 'skip' | 'not-tested'

export interface Result {
  readonly id: string
  readonly area?: string
  readonly question: string
  readonly outcome: Outcome
  readonly summary: string
  readonly evidence?: readonly string[]
  readonly cause?: string
  readonly because?: string
  readonly fix?: { readonly text: string; readonly paste?: string; readonly into?: string }
}

/** @throws Refused or TypeError where it cannot be run, Error with why it came to nothing */
export async function diagnose(signal: AbortSignal): Promise<readonly Result[]> {
  const response = await fetch('/diagnosis', { method: 'POST', headers: authorization(), signal })
  if (!response.ok) throw await refusalIn(response)
  if (response.body !== null) {
    for await (const { data } of messagesIn(response.body)) {
      const document = JSON.parse(data)
      if (Array.isArray(document.results)) return document.results
      throw new Error(String(document.error))
    }
  }
  throw new Error('The server ended before the diagnosis did.')
}
