/**
 * The values of a configuration one by one, and in which two of them differ.
 */
import { isDeepStrictEqual } from 'node:util'
import { masked, nameOf, OPTIONS, type Option, type Path } from './options.ts'
import type { Config } from './schema.ts'
import { valueAt } from './tree.ts'

export interface ConfigValue {
  readonly option: Option
  /** With the index of an app, and of a webhook in it. */
  readonly path: Path
}

const OF_APPS = OPTIONS.filter(({ path }) => path[0] === 'apps')
const OF_WEBHOOKS = OF_APPS.filter(({ path }) => path[2] === 'webhooks')

/** Every value, of each app and each of its webhooks as well; those that are not set, too. */
export function* valuesIn({ apps }: Pick<Config, 'apps'>): Generator<ConfigValue> {
  for (const option of OPTIONS) {
    if (!OF_APPS.includes(option)) yield { option, path: option.path }
  }
  for (const [index, { webhooks }] of apps.entries()) {
    const app: Path = ['apps', index]
    for (const option of OF_APPS) {
      if (!OF_WEBHOOKS.includes(option)) yield { option, path: [...app, ...option.path.slice(2)] }
    }
    for (const webhook of webhooks.length === 0 ? [0] : webhooks.keys()) {
      for (const option of OF_WEBHOOKS) {
        yield { option, path: [...app, 'webhooks', webhook, ...option.path.slice(4)] }
      }
    }
  }
}

/** What is set, by its name, without a secret in it. */
export function shownValues(config: Config): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...valuesIn(config)].flatMap(({ option, path }) => {
      const value = valueAt(config, path)
      return value === undefined ? [] : [[nameOf(path), masked(option, value)]]
    }),
  )
}

/** The names of the values that differ. Of secrets as well: names only. */
export function differences(one: Config, other: Config): string[] {
  const paths = new Map(
    [...valuesIn(one), ...valuesIn(other)].map(({ path }) => [nameOf(path), path]),
  )
  return [...paths].flatMap(([name, path]) =>
    isDeepStrictEqual(valueAt(one, path), valueAt(other, path)) ? [] : [name],
  )
}
