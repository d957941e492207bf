/**
 * `delivery.nodes`: whether an event of this server reaches whoever the public address leads to. Behind it
 * may be servers that share nothing with this one.
 */
import { z } from 'zod'
import type { Config } from '../../config/schema.ts'
import { credentialsOf, nameOfRedis } from '../../redis/target.ts'
import { type Check, type Finding, type Fix, ok, skip } from '../check.ts'
import { deafNodes } from '../cluster/bus.ts'
import { ownCommand } from '../own-command.ts'
import { NotConnected } from '../pusher-socket.ts'
import type { Scene } from '../scene.ts'
import { isSameDoor, localWay, publicWay } from '../way-in/target.ts'
import { publish } from './api.ts'
import { dataOf } from './canary.ts'
import { ownApi } from './http.ts'
import { HEARING_MILLISECONDS } from './leg.ts'
import { CanaryListener, type Listening } from './listener.ts'
import { isFinding, type LocalServer, localServer } from './server.ts'

/** A proxy that takes turns leads to each of some servers with these. */
const CONNECTIONS = 8
const CANARY_BYTES = 32
/** To subscribe, to hear nothing, and to find out who is deaf. */
const PATIENCE_MILLISECONDS = 20_000

const Found = z.object({ connections: z.array(z.unknown()) })

/** What came of a connection through the public address. */
type Place = 'heard' | 'in-group' | 'unknown'

export const everyNodeHears: Check<Scene> = {
  id: 'delivery.nodes',
  area: 'delivery',
  question: 'Do all servers behind the public address hear this one',
  needs: ['delivery.http', 'way-in.upgrade-public'],
  patience: () => PATIENCE_MILLISECONDS,
  async run(scene, signal) {
    const [way, door] = [await publicWay(scene), await localWay(scene)]
    if ('outcome' in way || 'outcome' in door || isSameDoor(way, door)) {
      return skip("No public address is known beside the server's own.")
    }
    const local = await localServer(scene, { key: way.key })
    if (isFinding(local)) return local
    if (local.app.key !== way.key) return skip('The public address is that of another app.')
    try {
      const one = (): Promise<Place> => placeOf(way, local, scene, signal)
      const places = await Promise.all(Array.from({ length: CONNECTIONS }, one))
      const unheard = places.filter((place) => place !== 'heard')
      const evidence = [
        `${unheard.length} of ${CONNECTIONS} connections at ${way.url} did not hear it`,
      ]
      if (unheard.length > 0) {
        // One that is deaf cannot say either that it has the connection.
        const isInside = !unheard.includes('unknown') || (await deafNodes(scene)).length > 0
        return isInside ? nodeDeaf(scene, evidence) : nodeOutside(local, evidence)
      }
      return ok(`${CONNECTIONS} of ${CONNECTIONS} connections at ${way.url} heard this server.`)
    } catch (fault) {
      if (!(fault instanceof NotConnected)) throw fault
      return {
        // A proxy may let one address open few connections; what a server says is meant for all.
        outcome: fault.code === undefined ? 'warning' : 'critical',
        summary: `Not every connection at ${way.url} may subscribe to a public channel.`,
        evidence: [fault.message],
        cause: 'One of the servers behind that address is not the one that is meant, or refuses.',
        causeId: 'not-subscribed',
      }
    }
  },
}

async function placeOf(
  way: Listening,
  local: LocalServer,
  scene: Scene,
  signal: AbortSignal,
): Promise<Place> {
  using listener = await CanaryListener.open(way, signal)
  const { channel } = listener
  await publish(ownApi(local), channel, dataOf(CANARY_BYTES), signal)
  if ((await listener.hears(HEARING_MILLISECONDS, signal)) !== undefined) return 'heard'
  const server = await scene.server()
  const path = `/connections?limit=1&channel=${channel}`
  const { connections } = Found.parse(await server?.ask('GET', path))
  return connections.length > 0 ? 'in-group' : 'unknown'
}

function nodeOutside({ config: { redis } }: LocalServer, evidence: readonly string[]): Finding {
  const { url, cluster, keyPrefix } = redis
  const isShared = url !== undefined || cluster.length > 0
  return {
    outcome: 'critical',
    summary: 'The public address leads to a server that events of this one do not reach.',
    evidence: [
      ...evidence,
      isShared
        ? `this server shares ${nameOfRedis(redis)} with the prefix ${keyPrefix}`
        : 'this server shares no Redis with others',
      'no node of its group has that connection',
    ],
    cause: isShared
      ? 'That server has another Redis, another database or prefix in it, or none.'
      : 'Servers hear each other through a Redis that all of them name.',
    causeId: 'node-outside',
    fix: groupFix(redis),
  }
}

/** Passwords stay with the reader. */
function groupFix({ url, cluster, sentinels, keyPrefix }: Config['redis']): Fix {
  const shown = (text: string): string => {
    const { username, password } = credentialsOf(text)
    const bare = text.replace(/\/\/[^@/]*@/, '//')
    return username === undefined && password === undefined
      ? bare
      : bare.replace('//', '//USER:PASSWORD@')
  }
  const group = {
    ...(cluster.length > 0 ? { cluster: cluster.map(shown) } : {}),
    ...(cluster.length === 0 ? { url: shown(url ?? 'redis://HOST-OF-REDIS:6379') } : {}),
    ...(sentinels.length > 0 ? { sentinels: sentinels.map(shown) } : {}),
    keyPrefix,
  }
  return {
    text: 'Give every server behind the address the same Redis, and start those anew that had another.',
    paste: `"redis": ${JSON.stringify(group)}`,
    into: 'the configuration of that server',
  }
}

const nodeDeaf = (scene: Scene, evidence: readonly string[]): Finding => ({
  outcome: 'critical',
  summary: 'The public address leads to a node that does not hear the others.',
  evidence,
  cause: 'It is one of the group, and what others say does not reach it: see cluster.bus.',
  causeId: 'node-deaf',
  fix: {
    text: 'See which one it is.',
    paste: `${ownCommand(scene, 'diagnose')} --only cluster`,
    into: 'shell',
  },
})
