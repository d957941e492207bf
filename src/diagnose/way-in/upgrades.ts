/**
 * The WebSocket itself: at the server's own door, by the public address, and from a page.
 */
import { CLOSE } from '../../protocol/codes.ts'
import { type Check, type Finding, ok, skip } from '../check.ts'
import type { Scene } from '../scene.ts'
import { authorities } from './certificate.ts'
import { holdSilent } from './idle.ts'
import { askPlainly } from './plain-answer.ts'
import { httpFinding } from './proxied.ts'
import { isFinding, isSameDoor, localWay, publicWay, upstreamOf, type WayIn } from './target.ts'
import { otherServerFinding, toldFinding } from './told.ts'
import { type Upgrade, upgrade } from './upgrade.ts'

export const wayInUpgradeLocal: Check<Scene> = {
  id: 'way-in.upgrade-local',
  area: 'way-in',
  question: 'Does the server itself open a WebSocket',
  needs: ['server.running', 'server.workers', 'server.ready'],
  run: async (scene, signal) => {
    const way = await localWay(scene)
    if (isFinding(way)) return way
    const answer = await upgrade(way, authorities(scene), signal)
    if (answer.kind === 'open') {
      answer.socket.terminate()
      return ok(`The server opens a WebSocket at ${way.host}:${way.port}.`)
    }
    return notOpened(scene, way, answer, signal)
  },
}

export const wayInUpgradePublic: Check<Scene> = {
  id: 'way-in.upgrade-public',
  area: 'way-in',
  question: 'Does a WebSocket open where browsers connect',
  needs: [
    'way-in.tls',
    'way-in.tls-chain',
    'way-in.tls-name',
    'way-in.tls-expiry',
    'way-in.upgrade-local',
  ],
  run: async (scene, signal) => {
    const way = await publicWay(scene)
    if (isFinding(way)) return way
    const answer = await upgrade({ ...way, origin: undefined }, authorities(scene), signal)
    if (answer.kind !== 'open') return notOpened(scene, way, answer, signal)
    holdSilent(scene, answer)
    return ok(`A WebSocket opens at ${way.url}.`)
  },
}

export const wayInOrigin: Check<Scene> = {
  id: 'way-in.origin',
  area: 'way-in',
  question: 'May pages of the app connect, by their origin',
  needs: ['way-in.upgrade-public'],
  run: async (scene, signal) => {
    const way = await publicWay(scene)
    if (isFinding(way)) return way
    if (way.origin === undefined) return skip('The origin of the pages is not known.')
    const answer = await upgrade(way, authorities(scene), signal)
    if (answer.kind !== 'open') return notOpened(scene, way, answer, signal)
    answer.socket.terminate()
    return ok(`Pages of ${way.origin} may connect.`)
  },
}

async function notOpened(
  scene: Scene,
  way: WayIn,
  answer: Exclude<Upgrade, { kind: 'open' }>,
  signal: AbortSignal,
): Promise<Finding> {
  const local = await localWay(scene)
  const upstream = isFinding(local) ? undefined : upstreamOf(scene, local)
  const isProxied = !isFinding(local) && !isSameDoor(way, local)
  if (answer.kind === 'told') {
    const { code } = answer
    if (code === CLOSE.APP_NOT_FOUND && isProxied && upstream !== undefined) {
      const knows = await knowsKey({ ...local, key: way.key }, signal)
      if (knows) return otherServerFinding(way, answer, upstream)
    }
    return toldFinding(scene, way, answer)
  }
  if (answer.kind === 'http' && upstream !== undefined && isProxied) {
    const plain = await askPlainly(way, authorities(scene), signal)
    return httpFinding(way, answer, plain, upstream)
  }
  return {
    outcome: 'critical',
    summary: `No WebSocket opens at ${way.host}:${way.port}.`,
    evidence: [`${way.url} comes from ${way.from}.`, whatCame(answer)],
    cause: 'What listens there is not this server, or something in between breaks the connection.',
    causeId: answer.kind === 'failed' ? 'broken-off' : 'not-resound',
    fix: { text: 'Correct the address that browsers are told, or what the proxy sends it to.' },
  }
}

/** Whether the server itself has an app with the key of this way, in whatever state that is. */
async function knowsKey(way: WayIn, signal: AbortSignal): Promise<boolean> {
  const answer = await upgrade(way, [], signal)
  if (answer.kind === 'open') answer.socket.terminate()
  return answer.kind === 'told' ? answer.code !== CLOSE.APP_NOT_FOUND : answer.kind === 'open'
}

function whatCame(answer: Exclude<Upgrade, { kind: 'open' | 'told' }>): string {
  switch (answer.kind) {
    case 'http':
      return `It answers ${answer.status}, where 101 is right. Server: ${answer.server || 'not named'}`
    case 'stranger':
      return answer.said
    case 'failed':
      return `The connection fails: ${answer.reason}`
  }
}
