/**
 * Whether the clocks agree: the HTTP API takes requests that were signed within some minutes only.
 */
import { request } from 'undici'
import { type Check, type Finding, ok } from '../check.ts'
import type { Scene } from '../scene.ts'

const MILLISECONDS = 5000
/** Of the time window, beyond which it is said. */
const WARNING_SHARE = 0.5
const DEFAULT_WINDOW_SECONDS = 600

interface Reading {
  readonly who: string
  /** How far it is ahead of this machine's. */
  readonly aheadSeconds: number
}

export const serverClock: Check<Scene> = {
  id: 'server.clock',
  area: 'server',
  question: "Do the clocks agree, within the HTTP API's time window",
  needs: ['server.running'],
  run: async (scene, signal) => {
    const readings = [await serverTime(scene), await appTime(scene, signal)].flatMap(
      (one) => one ?? [],
    )
    const { reading } = scene
    const window = reading.valid
      ? reading.config.auth.timestampToleranceSeconds
      : DEFAULT_WINDOW_SECONDS
    return judged(readings, window)
  },
}

/** Clocks among which `here` is one, since that is what they were read by. */
function judged(readings: readonly Reading[], window: number): Finding {
  const all = [{ who: 'this machine', aheadSeconds: 0 }, ...readings].sort(
    (a, b) => a.aheadSeconds - b.aheadSeconds,
  )
  const [latest, earliest] = [all[0], all.at(-1)]
  if (latest === undefined || earliest === undefined) return ok('There is one clock.')
  const apart = Math.round(earliest.aheadSeconds - latest.aheadSeconds)
  const summary = `The clocks are within ${apart} s of each other; ${window} s are allowed.`
  if (apart <= WARNING_SHARE * window) return ok(summary)
  return {
    outcome: apart > window ? 'critical' : 'warning',
    summary: `The clock of ${earliest.who} is ${apart} s ahead of that of ${latest.who}.`,
    evidence: [
      ...all.map(({ who, aheadSeconds }) => `${who}: ${Math.round(aheadSeconds)} s from here`),
      `Allowed: ${window} s (auth.timestampToleranceSeconds)`,
    ],
    cause:
      'Requests of the app are signed with its time, and those too old or too new are refused with 401.',
    causeId: 'clocks-apart',
    fix: {
      text: 'Set the clock that is wrong by NTP.',
      paste: 'timedatectl set-ntp true',
      into: 'shell',
    },
  }
}

async function serverTime(scene: Scene): Promise<Reading | undefined> {
  const status = await scene.status()
  if (status?.time === undefined) return undefined
  const aheadSeconds = (Date.parse(status.time) - status.receivedAt) / 1000
  return { who: 'the server', aheadSeconds }
}

/** By the Date header of the Laravel app, which any web server sends. */
async function appTime(scene: Scene, signal: AbortSignal): Promise<Reading | undefined> {
  const url = (await scene.laravel())?.app.url
  if (url === undefined || !URL.canParse(url)) return undefined
  try {
    const { headers, body } = await request(url, {
      method: 'HEAD',
      headersTimeout: MILLISECONDS,
      signal,
    })
    await body.dump()
    const date = Date.parse(String(headers['date']))
    if (Number.isNaN(date)) return undefined
    return { who: 'the Laravel app', aheadSeconds: (date + 500 - Date.now()) / 1000 }
  } catch {
    return undefined // whether the app answers is for other checks
  }
}
