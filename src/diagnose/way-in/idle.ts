/**
 * Whether a WebSocket that says nothing is left alone: one is kept silent while the other checks look, and
 * longer where that is asked for.
 */
import type { WebSocket } from 'ws'
import { type Check, type Finding, ok, skip } from '../check.ts'
import type { Scene } from '../scene.ts'
import { authorities } from './certificate.ts'
import { askPlainly } from './plain-answer.ts'
import { proxyFix } from './proxies.ts'
import type { ProxyName } from './proxy-name.ts'
import { isFinding, localWay, publicWay, upstreamOf } from './target.ts'
import type { Upgrade } from './upgrade.ts'

interface Silent {
  readonly socket: WebSocket
  readonly proxy: ProxyName | undefined
  readonly since: number
  /** After how many seconds it was closed, and with which code. */
  ended: { readonly seconds: number; readonly code: number } | undefined
}

const HELD = new WeakMap<Scene, Silent>()
/** For what is to be said when the time is over. */
const REST_MILLISECONDS = 5000

/** Keeps a socket that is open, and says nothing on it. */
export function holdSilent(scene: Scene, { socket, proxy }: Upgrade & { kind: 'open' }): void {
  const since = performance.now()
  const held: Silent = { socket, proxy, since, ended: undefined }
  HELD.set(scene, held)
  socket.once('close', (code) => {
    held.ended = { seconds: secondsSince(since), code }
  })
  scene.hold(() => socket.terminate())
}

/** Asked last of all: the longer it is silent, the more it says. */
export const wayInIdle: Check<Scene> = {
  id: 'way-in.idle',
  area: 'way-in',
  question: 'Is a silent WebSocket left open (--idle SECONDS to watch for longer)',
  needs: ['way-in.upgrade-public'],
  patience: ({ options: { idleSeconds = 0 } }) => 1000 * idleSeconds + REST_MILLISECONDS,
  run: async (scene, signal) => {
    const held = HELD.get(scene)
    if (held === undefined) return skip('No WebSocket was opened.')
    await endOrTime(held, scene.options.idleSeconds ?? 0, signal)
    if (held.ended !== undefined) return cut(scene, held, held.ended, signal)
    const seconds = secondsSince(held.since)
    return ok(`A silent WebSocket was left open for ${seconds} s.`)
  },
}

/** Resolves when it has ended, when the server has asked for life, or when the time is over. */
async function endOrTime(
  { socket, since }: Silent,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const left = 1000 * seconds - (performance.now() - since)
  if (left <= 0 || socket.readyState !== socket.OPEN) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      socket.off('close', done).off('message', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, left)
    socket.once('close', done).once('message', done)
    signal.addEventListener('abort', done, { once: true })
  })
}

async function cut(
  scene: Scene,
  held: Silent,
  { seconds, code }: NonNullable<Silent['ended']>,
  signal: AbortSignal,
): Promise<Finding> {
  const [way, local] = [await publicWay(scene), await localWay(scene)]
  if (isFinding(way)) return way
  const proxy = held.proxy ?? (await askPlainly(way, authorities(scene), signal))?.proxy
  const upstream = isFinding(local) ? undefined : upstreamOf(scene, local)
  return {
    outcome: 'critical',
    summary: `A WebSocket that is silent is cut after ${seconds} s.`,
    evidence: [
      `${way.url}: open for ${seconds} s, then closed with ${code}.`,
      ...(upstream === undefined
        ? []
        : [`The server pings a silent client after ${upstream.activityTimeoutSeconds} s.`]),
    ],
    cause: `${proxy === undefined || proxy === 'cloud' ? 'A proxy or load balancer' : `A proxy (${proxy})`} on the way closes connections that are silent for so long.`,
    causeId: 'idle-cut',
    fix:
      upstream === undefined
        ? { text: 'Have the proxy allow more than activityTimeoutSeconds of silence.' }
        : proxyFix(proxy, upstream),
  }
}

const secondsSince = (then: number): number => Math.round((performance.now() - then) / 100) / 10
