/**
 * `config.origins`: whether the app's own pages may connect.
 */
import { isAllowedOrigin } from '../../apps/origin.ts'
import { ok, skip } from '../check.ts'
import { usedConnection } from '../laravel/facts.ts'
import { laravelCheck, servedApp } from './laravel-check.ts'

export const pagesMayConnect = laravelCheck(
  { id: 'config.origins', question: "May the app's pages connect (allowedOrigins)" },
  ({ facts, config }) => {
    const { url } = facts.app
    const used = usedConnection(facts)
    const app = servedApp(config, { appId: used?.appId, key: used?.key }) ?? config.apps[0]
    if (app === undefined) return skip('The apps are in a database.')
    if (url === undefined || !URL.canParse(url)) return skip('The app has no APP_URL.')
    const { origin } = new URL(url)
    if (isAllowedOrigin(origin, app.allowedOrigins)) return ok(`Pages of ${origin} may connect.`)
    const allowed = [...app.allowedOrigins, origin]
    return {
      outcome: 'critical',
      summary: `The server turns away pages of ${origin} (4009).`,
      evidence: [`APP_URL=${url}`, `allowedOrigins of app ${app.id}: ${app.allowedOrigins.join()}`],
      cause: "The pages' origin is none of the app's allowedOrigins.",
      causeId: 'origin-not-allowed',
      fix: {
        text: "List it in the server's configuration (or RESOUND_APP_ALLOWED_ORIGINS), and run resound reload.",
        paste: `"allowedOrigins": ${JSON.stringify(allowed)}`,
        into: `the server's configuration, apps[], app ${app.id}`,
      },
    }
  },
)
