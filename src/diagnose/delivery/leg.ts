/**
 * One leg of the way: a canary is sent, and must be heard on the server's own port.
 */
import { CLOSE } from '../../protocol/codes.ts'
import type { Finding, Fix } from '../check.ts'
import { NotConnected } from '../pusher-socket.ts'
import { type Api, publish, type Sent } from './api.ts'
import { dataOf } from './canary.ts'
import { CanaryListener, type Heard } from './listener.ts'
import { seen, type Trouble, troubleOf } from './refusal.ts'
import type { LocalServer } from './server.ts'

/** How long an event may take from being accepted to being heard. */
export const HEARING_MILLISECONDS = 3000

const CANARY_BYTES = 32

export interface Leg {
  readonly sent: Sent
  /** Why it was not accepted. */
  readonly trouble: Trouble | undefined
  readonly heard: Heard | undefined
  /** In milliseconds: `connect`, `subscribe`, `publish`, `arrive`. */
  readonly timings: Readonly<Record<string, number>>
}

/**
 * Subscribes on the server's own port, and closes the connection when it is done.
 * @returns what `send` makes of it, or what is wrong with the server itself
 */
export async function listening(
  { url, app, reload }: LocalServer,
  signal: AbortSignal,
  send: (listener: CanaryListener) => Promise<Finding>,
): Promise<Finding> {
  try {
    using listener = await CanaryListener.open({ url, key: app.key }, signal)
    return await send(listener)
  } catch (fault) {
    if (!(fault instanceof NotConnected)) throw fault
    return notSubscribed(url, app.id, fault, reload)
  }
}

function notSubscribed(
  url: string,
  appId: string,
  { message, code }: NotConnected,
  reload: Fix,
): Finding {
  const found = {
    outcome: 'critical',
    summary: "The server's own port does not let a client subscribe to a public channel.",
    evidence: [`${url}: ${message}`],
  } as const
  if (code === CLOSE.APP_NOT_FOUND) {
    return {
      ...found,
      cause: `The running server knows no app by the key of ${appId}.`,
      causeId: 'stale-configuration',
      fix: reload,
    }
  }
  if (code === CLOSE.APP_DISABLED) {
    return {
      ...found,
      cause: `The app ${appId} is disabled.`,
      causeId: 'app-disabled',
      fix: { text: 'Enable it (apps[].enabled). Then: resound reload.' },
    }
  }
  return { ...found, causeId: 'not-subscribed' }
}

/** Publishes through an API, and waits for what comes of it. @param bytes of data */
export async function over(
  api: Api,
  listener: CanaryListener,
  signal: AbortSignal,
  bytes = CANARY_BYTES,
): Promise<Leg> {
  const begun = performance.now()
  const sent = await publish(api, listener.channel, dataOf(bytes), signal)
  const trouble = troubleOf(sent)
  const heard =
    trouble === undefined ? await listener.hears(HEARING_MILLISECONDS, signal) : undefined
  return {
    sent,
    trouble,
    heard,
    timings: {
      ...listener.timings,
      publish: sent.milliseconds,
      ...(heard === undefined ? {} : { arrive: Math.round(performance.now() - begun) }),
    },
  }
}

export const isDelivered = ({ heard }: Leg): boolean => heard !== undefined

/** `POST address: what was seen`. */
export const legEvidence = ({ url }: Api, { sent }: Leg): string =>
  `POST ${url}/apps/...: ${seen(sent)}`
