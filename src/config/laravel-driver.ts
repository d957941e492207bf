/**
 * Which broadcast driver a Laravel app uses, and whether it leads here.
 */
import { join } from 'node:path'
import type { Family } from './laravel-names.ts'
import { information, type Notice, warning } from './notice.ts'
import { readText } from './read-text.ts'

type Text = (variable: string) => string | undefined

export interface BroadcastDriver {
  /** `null` where the app does not broadcast. */
  readonly name: string
  /** The variable that says it. */
  readonly variable: string
  readonly notices: readonly Notice[]
}

/** The driver of the app in `directory`, by its `.env` and by what its configuration reads there. */
export function broadcastDriver(directory: string, text: Text): BroadcastDriver {
  const read = readVariable(directory)
  const [counts, other] = inOrder(read?.variable, text)
  const name = text(counts) ?? read?.fallback ?? 'null'
  const isContradicted = text(other) !== undefined && text(other) !== name
  return {
    name,
    variable: counts,
    notices: isContradicted
      ? [
          warning('the app reads only one of these, which say different drivers', {
            read: counts,
            [counts]: text(counts),
            [other]: text(other),
          }),
        ]
      : [],
  }
}

/** Laravel 11 renamed it; without a configuration of its own, an app has the new name. */
function inOrder(read: string | undefined, text: Text): readonly [string, string] {
  const [now, before] = ['BROADCAST_CONNECTION', 'BROADCAST_DRIVER'] as const
  const isBefore = read === undefined ? text(now) === undefined : read === before
  return isBefore && (read !== undefined || text(before) !== undefined)
    ? [before, now]
    : [now, before]
}

/** What the app's own config/broadcasting.php has as its default; undefined where it has none. */
function readVariable(directory: string) {
  const file = readText(join(directory, 'config/broadcasting.php'))
  if ('reason' in file) return undefined
  const { variable, fallback } =
    /'default'\s*=>\s*env\(\s*'(?<variable>BROADCAST_(?:CONNECTION|DRIVER))'\s*(?:,\s*'(?<fallback>\w+)')?\s*\)/.exec(
      file.text,
    )?.groups ?? {}
  return variable === undefined ? undefined : { variable, fallback }
}

/** What stands between the driver and this server. */
export function* driverNotices(
  { name, variable }: BroadcastDriver,
  family: Family,
  text: Text,
): Generator<Notice> {
  const said = { [variable]: name }
  if (name === 'reverb' || name === 'pusher') {
    if (name.toUpperCase() !== family) {
      yield warning('the app broadcasts with credentials that its .env does not have', {
        ...said,
        taken: `${family}_APP_*`,
      })
    }
    if (text(`${name.toUpperCase()}_HOST`) === undefined) {
      yield warning(
        name === 'pusher'
          ? 'PUSHER_HOST is not set: Laravel publishes to pusher.com and not to this server'
          : 'REVERB_HOST is not set: Laravel has nowhere to publish to',
        said,
      )
    }
  } else if (name !== 'redis') {
    yield warning(
      variable === 'BROADCAST_DRIVER'
        ? 'the app does not broadcast to this server: set BROADCAST_DRIVER=pusher'
        : 'the app does not broadcast to this server: set BROADCAST_CONNECTION=reverb',
      said,
    )
  }
  if (name !== 'redis' && text('REDIS_PREFIX') === undefined && text('REDIS_HOST')) {
    yield information("the app's Redis is left alone: it broadcasts another way", said)
  }
  const queue = text('QUEUE_CONNECTION') ?? text('QUEUE_DRIVER')
  if (queue !== undefined && queue !== 'sync') {
    yield information(
      'queued events are broadcast by a queue worker only: php artisan queue:work',
      { QUEUE_CONNECTION: queue },
    )
  }
}
