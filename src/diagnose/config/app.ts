/**
 * `config.app`: whether the Laravel app starts at all, and says only what it is asked for.
 */
import { type Finding, ok } from '../check.ts'
import type { LaravelFacts } from '../laravel/facts.ts'
import { inApp, ownerOf } from '../laravel/owner.ts'
import type { PhpFault } from '../laravel/php.ts'
import { startFault } from './driver.ts'
import { laravelCheck } from './laravel-check.ts'

export const appStarts = laravelCheck(
  { id: 'config.app', question: 'Does the Laravel app start, and tell its configuration' },
  ({ facts }) => (facts.fault === undefined ? started(facts) : notStarted(facts, facts.fault)),
)

function started({ app, printed, directory }: LaravelFacts): Finding {
  if (printed !== '') {
    // Space is no fault in JSON; but where PHP does not buffer, headers and cookies are lost behind it.
    const isSpace = /^[\s\uFEFF]*$/.test(printed)
    return {
      outcome: isSpace ? 'warning' : 'critical',
      summary: isSpace
        ? 'The app prints space before it answers, behind which headers can be lost.'
        : 'The app prints something before it answers, so its answers are not JSON.',
      evidence: [`while it starts: ${JSON.stringify(printed)}`],
      cause:
        'A file of the app has characters in front of <?php or behind ?>, or an echo or dump is left in it.',
      causeId: 'printed-output',
      fix: {
        text: 'Find the file, and take out what stands outside of its PHP.',
        paste: inApp(
          directory,
          `grep -rLzP --include="*.php" '\\A<\\?php' app bootstrap config routes`,
        ),
        into: 'shell',
      },
    }
  }
  if (app.isDown) {
    return {
      outcome: 'critical',
      summary: 'The app is down for maintenance, and authorises nobody.',
      evidence: ['storage/framework/down is there'],
      causeId: 'maintenance',
      fix: { text: 'Bring it up.', paste: inApp(directory, 'php artisan up'), into: 'shell' },
    }
  }
  const { version, environment } = app
  const owner = ownerOf(directory)
  const evidence = owner && [`PHP ran as ${owner.name ?? owner.uid}, to whom artisan belongs`]
  return ok(
    `Laravel ${version} starts, in the environment ${environment}.`,
    evidence === undefined ? {} : { evidence },
  )
}

function notStarted(facts: LaravelFacts, fault: PhpFault): Finding {
  const { app, directory } = facts
  const evidence = [
    ...(fault.exception === undefined ? [] : [fault.exception]),
    fault.message,
    ...(fault.place === undefined ? [] : [`at ${fault.place}`]),
  ]
  const laravel = app.version === undefined ? 'The app' : `Laravel ${app.version}`
  switch (fault.reason) {
    case 'no-php':
      return ok(`${laravel} is read from its files alone, as PHP cannot be run here.`, { evidence })
    case 'no-vendor':
      return {
        outcome: 'warning',
        summary: "The app's packages are not installed here, so it is read from its files alone.",
        evidence,
        causeId: 'no-vendor',
        fix: { text: 'Install them.', paste: inApp(directory, 'composer install'), into: 'shell' },
      }
    default:
      return (
        startFault(facts, fault) ?? {
          outcome: 'critical',
          summary: 'The app does not start.',
          evidence,
          cause: 'It throws before it comes to an answer, so it fails in every request.',
          causeId: 'app-broken',
          fix: {
            text: 'Correct what the exception names; artisan shows it whole.',
            paste: inApp(directory, 'php artisan about'),
            into: 'shell',
          },
        }
      )
  }
}
