/**
 * What `resound diagnose` is given, looked at before anything is asked: a word that means nothing would else
 * be passed over, or blamed on the server.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isChannelName } from '../../channels/name.ts'
import { channelOf, isGuarded } from '../diagnose/auth/channel.ts'
import type { SceneOptions } from '../diagnose/scene.ts'

export const MOST_IDLE_SECONDS = 600
/** More than any server takes. */
const MOST_EVENT_BYTES = 1_000_000_000

/** The server has a limit of its own (limits.channelNameLength). */
const LONGEST_NAME = 10_000

interface Given extends SceneOptions {
  readonly idle?: string
}

/** What is wrong with it, if anything, in a sentence without a full stop. */
export function wrongArgument({
  idle,
  eventBytes,
  ca,
  channel,
  origin,
}: Given): string | undefined {
  if (idle !== undefined && !isNumber(idle, /^\d+(\.\d+)?$/, 0, MOST_IDLE_SECONDS)) {
    return `--idle is a number of seconds, at most ${MOST_IDLE_SECONDS}`
  }
  if (eventBytes !== undefined && !isNumber(eventBytes, /^\d+$/, 1, MOST_EVENT_BYTES)) {
    return `--event-bytes is a whole number of bytes, from 1 to ${MOST_EVENT_BYTES}`
  }
  if (origin !== undefined && !isOrigin(origin)) {
    return '--origin is that of a page, such as https://chat.example.com'
  }
  return (
    (ca === undefined ? undefined : wrongCa(ca)) ??
    (channel === undefined ? undefined : wrongChannel(channel))
  )
}

const isNumber = (text: string, shape: RegExp, least: number, most: number): boolean =>
  shape.test(text) && Number(text) >= least && Number(text) <= most

const isOrigin = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

function wrongCa(file: string): string | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return `--ca: ${(error as Error).message}`
  }
  try {
    new X509Certificate(text)
    return undefined
  } catch {
    return `--ca: ${file} has no certificate in it (PEM)`
  }
}

/** `{id}` in a name stands for the user. */
function wrongChannel(given: string): string | undefined {
  const channel = channelOf(given, undefined)
  if (!isChannelName(channel.name, LONGEST_NAME)) {
    return `--channel: '${given}' is no name of a channel, which has letters, digits and any of _-=@,.; alone`
  }
  if (isGuarded(channel)) return undefined
  return `--channel: ${given} is a public channel, for which nobody is asked; Echo.private('${given}') subscribes to private-${given}`
}
