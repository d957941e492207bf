/**
 * `delivery.http`: the server's own HTTP API, on its own port, with its own credentials.
 */
import { type Check, type Finding, type Fix, ok } from '../check.ts'
import type { Scene } from '../scene.ts'
import type { Api } from './api.ts'
import { legEvidence, listening, over } from './leg.ts'
import { SYNCHRONISE, type Trouble } from './refusal.ts'
import { isFinding, type LocalServer, localServer } from './server.ts'

export const throughHttp: Check<Scene> = {
  id: 'delivery.http',
  area: 'delivery',
  question: "Does an event come through the server's own HTTP API",
  needs: [
    'server.running',
    'server.workers',
    'server.redis',
    'host.redis-acl',
    'server.ready',
    'way-in.upgrade-local',
  ],
  async run(scene, signal) {
    const local = await localServer(scene)
    if (isFinding(local)) return local
    const api = ownApi(local)
    return listening(local, signal, async (listener) => {
      const leg = await over(api, listener, signal)
      const { trouble, heard, timings } = leg
      if (heard !== undefined) {
        return ok(`An event of app ${local.app.id} arrived in ${timings['arrive']} ms.`, {
          timings,
        })
      }
      if (trouble === undefined) {
        return {
          outcome: 'critical',
          summary: 'The server accepts an event and does not deliver it.',
          evidence: [legEvidence(api, leg)],
          cause: 'The nodes of this port do not hear each other, or the one asked is overloaded.',
          causeId: 'not-heard',
          timings,
        }
      }
      return {
        outcome: 'critical',
        summary: 'The server does not accept an event with the credentials of its configuration.',
        evidence: [legEvidence(api, leg)],
        ...explained(trouble, local.reload),
        timings,
      }
    })
  },
}

/** What the server says of credentials that are those of its own file: it has read another. */
const OF_CONFIGURATION = [
  'wrong-app-id',
  'wrong-key',
  'wrong-secret',
  'path-prefix',
  'app-disabled',
]

function explained(
  { cause, causeId }: Trouble,
  reload: Fix,
): Pick<Finding, 'cause' | 'causeId' | 'fix'> {
  if (causeId === 'clock-skew') return { cause, causeId, fix: SYNCHRONISE }
  if (!OF_CONFIGURATION.includes(causeId)) {
    return { cause, causeId, fix: { text: 'The log of the server and resound status say more.' } }
  }
  return {
    cause: `${cause} It runs with another configuration than the one that was read.`,
    causeId,
    fix: reload,
  }
}

/** The API on the server's own port; its certificate is for its public name. */
export const ownApi = ({ url, app }: LocalServer): Api => ({ url, app, verify: false })
