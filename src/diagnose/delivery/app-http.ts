/**
 * `delivery.app-http`: the app's own credentials, sent from here to the host and port that it sends to.
 */
import { type Check, type Finding, ok, skip } from '../check.ts'
import type { LaravelFacts } from '../laravel/facts.ts'
import type { Scene } from '../scene.ts'
import { type AppApi, appApi } from './app-api.ts'
import { isDelivered, listening, over } from './leg.ts'
import { addressFix, mended } from './mend.ts'
import { isFinding, type LocalServer, localServer, NO_LARAVEL } from './server.ts'

export const throughAppsApi: Check<Scene> = {
  id: 'delivery.app-http',
  area: 'delivery',
  question: 'Does an event come through host, port and credentials of the app',
  needs: ['delivery.http', 'config.driver', 'config.credentials', 'config.address'],
  async run(scene, signal) {
    const facts = await scene.laravel()
    if (facts === undefined) return NO_LARAVEL
    const local = await serverOf(scene, facts)
    if (isFinding(local)) return local
    const app = appApi(facts, local)
    if (app === undefined) return skip(notOverHttp(facts))
    const { api } = app
    return listening(local, signal, async (listener) => {
      const where = { scene, facts, local, app, listener, signal }
      if (api === undefined) return { ...noHost(app), ...(await addressFix(where)) }
      const leg = await over(api, listener, signal)
      const { timings } = leg
      return isDelivered(leg)
        ? ok(`An event sent to ${api.url} arrived in ${timings['arrive']} ms.`, { timings })
        : { outcome: 'critical', timings, ...(await mended({ ...where, api }, leg)) }
    })
  },
}

/** The server, with the app that the Laravel app means. */
export function serverOf(scene: Scene, { app }: LaravelFacts): Promise<LocalServer | Finding> {
  const { appId: id, key } = app.connections[app.default ?? ''] ?? {}
  return localServer(scene, {
    ...(id === undefined ? {} : { id }),
    ...(key === undefined ? {} : { key }),
  })
}

/** Of a driver that leads nowhere, `config.driver` tells. */
const notOverHttp = ({ app }: LaravelFacts): string =>
  `The app broadcasts through ${app.default ?? 'nothing'}, which does not publish over HTTP.`

/** Nothing is sent to pusher.com: it is not the operator's. */
function noHost({ names, connection }: AppApi): Finding {
  const { host, cluster } = connection
  return {
    outcome: 'critical',
    summary: 'The app names no host of this server to send its events to.',
    evidence: [
      `${names}_HOST=${host ?? ''}`,
      ...(cluster === undefined ? [] : [`the cluster is ${cluster}`]),
    ],
    cause: 'Without one, the SDK calls pusher.com, or nobody.',
    causeId: 'no-host',
  }
}
