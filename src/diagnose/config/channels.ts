/**
 * `config.channels`: whether the app answers who may subscribe at all: the route is there, and the callbacks
 * of routes/channels.php are loaded.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Finding, ok, skip } from '../check.ts'
import type { LaravelFacts } from '../laravel/facts.ts'
import { laravelCheck } from './laravel-check.ts'

export const channelsAreLoaded = laravelCheck(
  {
    id: 'config.channels',
    question: "Are the app's channels and their route loaded",
    needs: ['config.app', 'config.cache'],
  },
  ({ facts }) => {
    const { routes, channels } = facts.app
    const hasFile = existsSync(join(facts.directory, 'routes/channels.php'))
    if (facts.source === 'files') {
      return channels.length === 0
        ? skip('routes/channels.php names no channel.')
        : ok(`routes/channels.php names ${channels.length} channels.`)
    }
    const route = routes.find(({ isUserAuth }) => !isUserAuth)
    if (route === undefined && channels.length === 0 && !hasFile) {
      return skip('The app has no private channels.')
    }
    if (route === undefined || (channels.length === 0 && hasFile)) {
      return notLoaded(facts, route === undefined, hasFile)
    }
    return ok(`${route.path} authorises ${channels.length} channels.`)
  },
)

function notLoaded(facts: LaravelFacts, isRouteMissing: boolean, hasFile: boolean): Finding {
  const { version, channels } = facts.app
  return {
    outcome: 'critical',
    summary: isRouteMissing
      ? 'The app has no route that authorises channels, so every private one is refused (404).'
      : 'The app does not load its routes/channels.php, so every private channel is refused (403).',
    evidence: [
      `routes/channels.php is ${hasFile ? '' : 'not '}there; ${channels.length} channels are registered`,
    ],
    cause: 'Nothing in the app calls for broadcasting routes.',
    causeId: isRouteMissing ? 'routes-missing' : 'channels-not-loaded',
    fix: fixFor(Number.parseInt(version ?? '', 10)),
  }
}

function fixFor(major: number): NonNullable<Finding['fix']> {
  return major < 11
    ? {
        text: 'List the provider; it calls Broadcast::routes() and loads the file.',
        paste: 'App\\Providers\\BroadcastServiceProvider::class,',
        into: "config/app.php, in 'providers'",
      }
    : {
        text: 'Name the file among the routes; that also makes the route /broadcasting/auth.',
        paste: "channels: __DIR__.'/../routes/channels.php',",
        into: 'bootstrap/app.php, in ->withRouting(',
      }
}
