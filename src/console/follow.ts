/** A stream that is kept up: joined again after it broke, later each time, and let go while nobody looks. */
import { signal } from '@preact/signals'
import { authorization, findAccess } from './access.ts'
import { pathOf, type Query, Refused, reasonOf, refusalIn } from './api.ts'
import { type Message, messagesIn } from './event-stream.ts'

export type StreamState =
  | { readonly is: 'connecting' }
  | { readonly is: 'live' }
  /** Not reached: tried again by itself. */
  | { readonly is: 'waiting'; readonly reason: string }
  /** Refused for what was asked: the same again would come to nothing. */
  | { readonly is: 'refused'; readonly reason: string }
  | { readonly is: 'resting' }

const FIRST_MILLISECONDS = 500
const MOST_MILLISECONDS = 5000
/** The server says something every four seconds at least: silent for so long, it is gone. */
const SILENT_MILLISECONDS = 15_000
/** Hidden for so long, a page is let go of. */
const HIDDEN_MILLISECONDS = 30_000

export class Follower {
  readonly state = signal<StreamState>({ is: 'connecting' })
  readonly #path: string
  readonly #hear: (message: Message) => void
  #query: Query
  #attempt = 0
  #request: AbortController | undefined
  #timer: number | undefined
  #hiding: number | undefined
  #silence: number | undefined

  constructor(path: string, query: Query, hear: (message: Message) => void) {
    this.#path = path
    this.#query = query
    this.#hear = hear
    document.addEventListener('visibilitychange', this.#onVisibility)
    this.#connect()
  }

  get query(): Query {
    return this.#query
  }

  /** Asks for something else from now on. */
  ask(query: Query): void {
    this.#query = query
    this.#attempt = 0
    this.#connect()
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility)
    clearTimeout(this.#hiding)
    this.#let()
  }

  readonly #onVisibility = (): void => {
    clearTimeout(this.#hiding)
    if (document.hidden) {
      this.#hiding = setTimeout(() => {
        this.#let()
        this.state.value = { is: 'resting' }
      }, HIDDEN_MILLISECONDS)
    } else if (this.state.value.is === 'resting') {
      this.#attempt = 0
      this.#connect()
    }
  }

  #let(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#silence)
    this.#request?.abort()
    this.#request = undefined
  }

  #connect(): void {
    this.#let()
    const request = new AbortController()
    this.#request = request
    if (this.#attempt === 0) this.state.value = { is: 'connecting' }
    this.#read(request).then(
      () => this.#lost(request, undefined),
      (fault: unknown) => this.#lost(request, fault),
    )
  }

  async #read(request: AbortController): Promise<void> {
    const { signal } = request
    const heard = (): void => {
      clearTimeout(this.#silence)
      this.#silence = setTimeout(
        () => request.abort(new DOMException('silent', 'TimeoutError')),
        SILENT_MILLISECONDS,
      )
    }
    heard()
    const response = await fetch(pathOf(this.#path, this.#query), {
      headers: authorization(),
      cache: 'no-store',
      signal,
    })
    if (!response.ok) throw await refusalIn(response)
    if (response.body === null) return
    if (this.#attempt > 0) void findAccess() // a server that was started again has another key
    this.state.value = { is: 'live' }
    for await (const message of messagesIn(response.body, heard)) {
      this.#attempt = 0
      this.#hear(message)
    }
  }

  #lost(request: AbortController, fault: unknown): void {
    if (request !== this.#request) return // let go by ourselves
    clearTimeout(this.#silence)
    const reason = fault === undefined ? 'The connection was closed.' : reasonOf(fault)
    if (fault instanceof Refused && fault.status < 500) {
      this.state.value = { is: 'refused', reason }
      return
    }
    this.state.value = { is: 'waiting', reason }
    const pause = Math.min(FIRST_MILLISECONDS * 2 ** this.#attempt, MOST_MILLISECONDS)
    this.#attempt += 1
    this.#timer = setTimeout(() => this.#connect(), pause * (0.75 + Math.random() / 2))
  }
}
