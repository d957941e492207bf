/**
 * What can be asked about a channel with `info` (Pusher docs, "HTTP API reference").
 */
import { kindOf } from '../../channels/kinds.ts'
import type { App } from '../apps/app.ts'
import type { Hub } from '../hub/hub.ts'

export type Attribute = 'user_count' | 'subscription_count' | 'cache'

const isAttribute = (name: string): name is Attribute =>
  name === 'user_count' || name === 'subscription_count' || name === 'cache'

/** Longest `info` that is read, in characters: room for each attribute twice. */
const INFO_LENGTH = 100

/**
 * Reads `info`, a comma-separated list.
 * @param channels the attributes must exist for each of these
 * @returns the attributes, or a text that says what is wrong
 */
export function readInfo(
  info: unknown,
  channels: readonly string[],
): readonly Attribute[] | string {
  if (info === undefined || info === null || info === '') return []
  if (typeof info !== 'string') return '"info" is a comma-separated string.'
  if (info.length > INFO_LENGTH) return NO_SUCH_ATTRIBUTE
  const attributes: Attribute[] = []
  for (const name of info.split(',').map((text) => text.trim())) {
    if (!isAttribute(name)) return NO_SUCH_ATTRIBUTE
    const stranger = channels.find((channel) => !has(channel, name))
    if (stranger !== undefined) return `${stranger} has no ${name}: ${WHOSE[name]}`
    attributes.push(name)
  }
  return attributes
}

const NO_SUCH_ATTRIBUTE = 'info can be user_count, subscription_count and cache.'

const WHOSE: Readonly<Record<Attribute, string>> = {
  user_count: 'only presence channels have users.',
  subscription_count: 'every channel has one.',
  cache: 'only cache channels have a cache.',
}

function has(channel: string, attribute: Attribute): boolean {
  if (attribute === 'subscription_count') return true
  const kind = kindOf(channel)
  return attribute === 'cache' ? kind.cached : kind.name === 'presence'
}

export interface Attributes {
  user_count?: number
  subscription_count?: number
  cache?: { data: string; ttl: number } | null
}

/** The values of those attributes that a channel has, occupied or not. */
export function attributesOf(
  name: string,
  attributes: readonly Attribute[],
  app: App,
  hub: Hub,
): Attributes {
  const live = hub.live(app)
  const channel = live.channels.get(name)
  const values: Attributes = {}
  for (const attribute of attributes) {
    switch (attribute) {
      case 'user_count':
        values.user_count = channel?.presence?.members.count ?? 0
        break
      case 'subscription_count':
        values.subscription_count = channel?.count ?? 0
        break
      case 'cache':
        if (kindOf(name).cached) values.cache = hub.cache.describe(live.topicOf(name))
        break
    }
  }
  return values
}
