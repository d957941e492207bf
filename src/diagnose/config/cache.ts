/**
 * `config.cache`: whether what `config:cache` and `route:cache` keep is what the files say now.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type Finding, ok, skip } from '../check.ts'
import type { AppConfiguration, LaravelFacts } from '../laravel/facts.ts'
import { inApp } from '../laravel/owner.ts'
import { laravelCheck } from './laravel-check.ts'

export const cachesAreFresh = laravelCheck(
  {
    id: 'config.cache',
    question: "Is the app's cached configuration what its files say",
    needs: ['config.app'],
  },
  ({ facts }) => {
    const { isConfigCached, areRoutesCached } = facts.app
    if (!isConfigCached && !areRoutesCached) return skip('The app has no cached configuration.')
    if (facts.uncached === undefined) return byTime(facts)
    const config = differences(facts.app, facts.uncached)
    if (config.length > 0) return staleConfig(facts, config)
    const routes = routeDifferences(facts.app, facts.uncached)
    return routes.length > 0
      ? staleRoutes(facts, routes)
      : ok("The app's caches are what its files say.")
  },
)

/** Without PHP, the times tell: an `.env` that is younger than the cache is not in it. */
function byTime(facts: LaravelFacts): Finding {
  const changed = (file: string): number =>
    statSync(join(facts.directory, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  return changed('.env') > changed('bootstrap/cache/config.php')
    ? staleConfig(facts, ['.env was changed after the configuration was cached'])
    : ok("The app's cached configuration is younger than its .env.")
}

const staleConfig = ({ directory }: LaravelFacts, evidence: readonly string[]): Finding => ({
  outcome: 'critical',
  summary: 'The app runs from cached configuration that its files do not say any more.',
  evidence,
  cause: 'config:cache was run before the .env or config/ was changed; .env is not read since.',
  causeId: 'stale-config-cache',
  fix: {
    text: 'Clear the cache; in production build it again, and restart the queue workers.',
    paste: inApp(directory, 'php artisan config:clear'),
    into: 'shell',
  },
})

const staleRoutes = ({ directory }: LaravelFacts, evidence: readonly string[]): Finding => ({
  outcome: 'critical',
  summary: 'The app runs from cached routes that its files do not say any more.',
  evidence,
  cause: 'route:cache was run before the routes were changed.',
  causeId: 'stale-route-cache',
  fix: {
    text: 'Clear the cache; in production build it again.',
    paste: inApp(directory, 'php artisan route:clear'),
    into: 'shell',
  },
})

/** A line for each difference that concerns broadcasting. */
function differences(cached: AppConfiguration, now: AppConfiguration): readonly string[] {
  const [before, after] = [facets(cached), facets(now)]
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].flatMap((name) => {
    const [one, other] = [before.get(name), after.get(name)]
    if (JSON.stringify(one) === JSON.stringify(other)) return []
    // A secret is an object, of which nothing is shown.
    const shown = typeof (one ?? other) === 'object' ? '' : `: ${one} cached, ${other} in the files`
    return [`${name} differs${shown}`]
  })
}

function facets(app: AppConfiguration): ReadonlyMap<string, unknown> {
  const used = app.default === undefined ? undefined : app.connections[app.default]
  const redis = app.redis.connections['default'] ?? {}
  return new Map<string, unknown>([
    ['broadcasting.default', app.default],
    ...Object.entries(used ?? {}).map(
      ([name, value]) => [`broadcasting.connections.${app.default}.${name}`, value] as const,
    ),
    ...Object.entries(redis).map(
      ([name, value]) => [`database.redis.default.${name}`, value] as const,
    ),
    ['database.redis.options.prefix', app.redis.prefix],
    ['queue.default', app.queue.name],
    ['app.url', app.url],
    ['app.env', app.environment],
  ])
}

function routeDifferences(cached: AppConfiguration, now: AppConfiguration): readonly string[] {
  const paths = ({ routes }: AppConfiguration): readonly string[] =>
    routes.map(({ path, middleware }) => `${path} (${middleware.join(', ')})`)
  const [before, after] = [paths(cached), paths(now)]
  return [
    ...before.filter((path) => !after.includes(path)).map((path) => `only cached: ${path}`),
    ...after.filter((path) => !before.includes(path)).map((path) => `not cached: ${path}`),
  ]
}
