/**
 * What can be asked about a channel with `info` (Pusher docs, "HTTP API reference").
 */
import { kindOf } from '../../channels/kinds.ts'
import type { App } from '../apps/app.ts'
import { type Broker, type Soon, whenKnown } from '../broker/broker.ts'

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

/**
 * The values of those attributes that channels have, occupied or not, in the order of the channels.
 * @throws ResoundError where they cannot be had now
 */
export function attributesOf(
  names: readonly string[],
  attributes: readonly Attribute[],
  app: App,
  broker: Broker,
): Soon<readonly Attributes[]> {
  const values = names.map((): Attributes => ({}))
  const pending: Promise<void>[] = []
  for (const attribute of new Set(attributes)) {
    const filled = whenKnown(ask(attribute, names, app, broker), (answers) => {
      for (const [index, own] of values.entries()) {
        const answer = answers[index]
        if (answer !== undefined) Object.assign(own, { [attribute]: answer })
      }
    })
    if (filled instanceof Promise) pending.push(filled)
  }
  return pending.length === 0 ? values : Promise.all(pending).then(() => values)
}

/** Of each channel; undefined where it has no such attribute. */
function ask(
  attribute: Attribute,
  names: readonly string[],
  app: App,
  broker: Broker,
): Soon<readonly (Attributes[Attribute] | undefined)[]> {
  switch (attribute) {
    case 'user_count':
      return broker.userCounts(app, names)
    case 'subscription_count':
      return broker.subscriptionCounts(app, names)
    case 'cache': {
      const caches = names.map((name) =>
        kindOf(name).cached ? broker.cached(app, name) : undefined,
      )
      return caches.some((cache) => cache instanceof Promise)
        ? Promise.all(caches)
        : (caches as readonly Attributes['cache'][])
    }
  }
}
