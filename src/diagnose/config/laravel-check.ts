/**
 * A check about the Laravel app and the configuration of the server: left aside where one of them is not known.
 */
import type { Config } from '../../config/schema.ts'
import { type Check, type Finding, skip } from '../check.ts'
import type { LaravelFacts } from '../laravel/facts.ts'
import type { Scene } from '../scene.ts'

/** What such a check looks at. */
export interface Sides {
  readonly facts: LaravelFacts
  readonly config: Config
  readonly scene: Scene
  readonly signal: AbortSignal
}

export function laravelCheck(
  about: Pick<Check<Scene>, 'question' | 'needs'> & { readonly id: `config.${string}` },
  find: (sides: Sides) => Finding | Promise<Finding>,
): Check<Scene> {
  return {
    ...about,
    area: 'config',
    async run(scene, signal) {
      const facts = await scene.laravel()
      if (facts === undefined) return skip('No Laravel app is named (--laravel DIR).')
      if (!scene.reading.valid) return skip('The configuration of the server is refused.')
      return find({ facts, config: scene.reading.config, scene, signal })
    },
  }
}

/** What is known of the app that the Laravel app broadcasts as: by its id, else by its key. */
export function servedApp(
  { apps }: Config,
  { appId, key }: { readonly appId: string | undefined; readonly key: string | undefined },
): Config['apps'][number] | undefined {
  return apps.find(({ id }) => id === appId) ?? apps.find((app) => app.key === key)
}

/** Whether a host name means the machine that it is looked up on. */
export const isLocalHost = (host: string): boolean =>
  /^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?|.+\.localhost)$/i.test(host)
