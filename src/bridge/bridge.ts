/**
 * The authorisation bridge: asks the Laravel app who may join, and signs what it allows.
 *
 * Laravel's `redis` broadcast driver authorises channels, and signs nothing that a Pusher client
 * could use. Answers that are signed already are kept as they are, so the bridge may stand before
 * the `pusher` and `reverb` drivers as well. It decides nothing by itself: what Laravel does not
 * clearly allow is refused. How it is asked is the business of `proxy.ts` and of the session.
 */
import type { Logger } from 'pino'
import { channelText, sign, userText } from '../../channels/signature.ts'
import type { App } from '../apps/app.ts'
import type { AppSource } from '../apps/app-source.ts'
import type { Clock } from '../clock.ts'
import type { Hub } from '../hub/hub.ts'
import { countIn, type Tally } from '../hub/tally.ts'
import type { OutwardFailure } from '../outward/outward.ts'
import { readAnswer, type Subject } from './answer.ts'
import { type Form, writeForm } from './form.ts'
import type { FailureName } from './outcome.ts'
import { OutcomeLog } from './outcome-log.ts'
import { Upstream } from './upstream.ts'

/** A question to the Laravel app of an app that has `laravel.authUrl`. */
export interface Inquiry {
  readonly app: App
  readonly subject: Subject
  readonly form: Form
  readonly headers: Readonly<Record<string, string>>
  /** Aborts when nobody waits for the verdict any more. */
  readonly signal: AbortSignal
}

export interface Refused {
  readonly allowed: false
  readonly outcome: FailureName
  /** For the page, where there is more to say than the outcome's own text. */
  readonly error?: string
  /** In seconds, where Laravel said so. */
  readonly retryAfter?: string
}

export interface Allowed {
  readonly allowed: true
  readonly auth: string
  /** The `channel_data` or `user_data` that is signed with it, if any. */
  readonly data: string | undefined
  /** JSON text, which a Pusher client takes from an authorisation endpoint. */
  readonly answer: string
}

const BY_FAILURE: Readonly<Record<OutwardFailure, FailureName>> = {
  'private-address': 'unreachable',
  unresolvable: 'unreachable',
  unreachable: 'unreachable',
  tls: 'tls',
  timeout: 'timeout',
  'too-large': 'too_large',
  aborted: 'gone',
}

export class Bridge {
  readonly #hub: Hub
  readonly #log: OutcomeLog
  /** By app id; from the first question on. */
  readonly #upstreams = new Map<string, Upstream>()
  /** Those that still have questions to answer, and what resolves when they have. */
  readonly #retiring = new Map<Upstream, Promise<void>>()

  constructor({ hub, log, clock }: { hub: Hub; log: Logger; clock: Clock }) {
    this.#hub = hub
    this.#log = new OutcomeLog(log, clock)
  }

  /** Whether a socket id is an open connection of the app. */
  isConnected(app: App, socketId: string): boolean {
    return this.#hub.live(app).connections.has(socketId)
  }

  /** Asks Laravel. */
  async ask({ app, subject, form, headers, signal }: Inquiry): Promise<Allowed | Refused> {
    const { tally } = this.#hub.live(app) // now: the app may be another one by the time of the answer
    const url = urlOf(app, subject)
    const { socketId } = form
    const request = { url, headers, body: writeForm(form), signal, socketId }
    const outcome = await this.#upstreamOf(app).ask(request)
    if (typeof outcome === 'string') return this.#refuse(app, tally, { outcome }, { url })
    if (!outcome.ok) {
      const { failure, reason } = outcome
      return this.#refuse(app, tally, { outcome: BY_FAILURE[failure] }, { url, reason })
    }
    const { status, headers: answered, body } = outcome.answer
    const reading = readAnswer(outcome.answer, url, subject)
    switch (reading.outcome) {
      case 'passed':
        countIn(tally.bridge, reading.outcome)
        return { ...reading, allowed: true, answer: body }
      case 'signed':
        countIn(tally.bridge, reading.outcome)
        return { allowed: true, ...signed(app, subject, form, reading.data) }
      default: {
        const { 'retry-after': pause = '' } = answered
        const refused = { ...reading, ...(/^\d{1,6}$/.test(pause) ? { retryAfter: pause } : {}) }
        const about = form.channel === '' ? {} : { channel: form.channel }
        return this.#refuse(app, tally, refused, { url, status, ...about })
      }
    }
  }

  /** Counts and logs what Laravel is not asked about. */
  refuse(app: App, refused: Omit<Refused, 'allowed'>): Refused {
    return this.#refuse(app, this.#hub.live(app).tally, refused, {})
  }

  /** Lets go of Laravel apps that are no longer asked, or not like this. */
  appsChanged(apps: AppSource): void {
    for (const [appId, upstream] of this.#upstreams) {
      const settings = apps.byId(appId)?.settings.laravel
      if (settings !== undefined && upstream.isFor(settings)) continue
      this.#upstreams.delete(appId)
      const retired = upstream.retire().finally(() => this.#retiring.delete(upstream))
      this.#retiring.set(upstream, retired)
    }
  }

  /** How many requests each Laravel app is answering. */
  *running(): IterableIterator<{ readonly appId: string; readonly count: number }> {
    for (const [appId, { running }] of this.#upstreams) yield { appId, count: running }
  }

  /** Ends every connection to Laravel at once. */
  async stop(): Promise<void> {
    const upstreams = [...this.#upstreams.values(), ...this.#retiring.keys()]
    await Promise.all([
      ...upstreams.map((upstream) => upstream.close()),
      ...this.#retiring.values(),
    ])
  }

  #upstreamOf(app: App): Upstream {
    const present = this.#upstreams.get(app.id)
    if (present !== undefined) return present
    const upstream = new Upstream(app.settings.laravel)
    this.#upstreams.set(app.id, upstream)
    return upstream
  }

  #refuse(
    app: App,
    tally: Tally,
    refused: Omit<Refused, 'allowed'>,
    fields: Readonly<Record<string, unknown>>,
  ): Refused {
    countIn(tally.bridge, refused.outcome)
    this.#log.note(app, refused.outcome, fields)
    return { allowed: false, ...refused }
  }
}

function urlOf(app: App, subject: Subject): string {
  const { authUrl = '', authPath, userAuthPath } = app.settings.laravel
  return `${authUrl.replace(/\/$/, '')}${subject === 'user' ? userAuthPath : authPath}`
}

/** What Laravel's own `pusher` driver would have answered. */
function signed(
  app: App,
  subject: Subject,
  { socketId, channel }: Form,
  data: string | undefined,
): Omit<Allowed, 'allowed'> {
  const text =
    subject === 'user' ? userText(socketId, data ?? '') : channelText(socketId, channel, data)
  const auth = sign(text, app)
  const answer = { auth, [subject === 'user' ? 'user_data' : 'channel_data']: data }
  return { auth, data, answer: JSON.stringify(answer) }
}
