/**
 * Which channel is asked for, and which callback of the app it belongs to.
 */
import type { KindName } from '../../../channels/kind.ts'
import { kindOf } from '../../../channels/kinds.ts'
import type { ChannelPattern, LaravelFacts } from '../laravel/facts.ts'

export interface AskedChannel {
  readonly name: string
  readonly kind: KindName
  /** As the app's callbacks know it: without the prefixes that Laravel takes away. */
  readonly bare: string
}

/** Placeholders of a pattern are filled with this, where nothing better is known. */
const PLACEHOLDER = '1'

/** The channel of that name, in which `{id}` stands for the user. */
export function channelOf(name: string, userId: string | undefined): AskedChannel {
  const concrete = name.replaceAll(/\{\w+(?::\w+)?\}/g, userId ?? PLACEHOLDER)
  return {
    name: concrete,
    kind: kindOf(concrete).name,
    bare: concrete.replace(/^(private-encrypted-|private-|presence-)/, ''),
  }
}

/** Whether the app is asked about channels of this kind. */
export const isGuarded = ({ kind }: AskedChannel): boolean =>
  kind === 'private' || kind === 'presence' || kind === 'encrypted'

/** The pattern whose callback Laravel asks: the first one that fits (its Broadcaster). */
export const patternFor = (
  { app }: LaravelFacts,
  { bare }: AskedChannel,
): ChannelPattern | undefined => app.channels.find(({ pattern }) => fits(pattern, bare))

function fits(pattern: string, name: string): boolean {
  const source = pattern
    .split(/\{.*?\}/)
    .map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('([^.]+)')
  return new RegExp(`^${source}$`).test(name)
}
