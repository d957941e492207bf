/**
 * `delivery.php`: the app itself broadcasts, which finds what only its PHP sees.
 */
import { type Check, ok, skip } from '../check.ts'
import { type LaravelFacts, usedConnection } from '../laravel/facts.ts'
import { askPhp } from '../laravel/php.ts'
import type { Scene } from '../scene.ts'
import { serverOf } from './app-http.ts'
import { CANARY_EVENT } from './canary.ts'
import { HEARING_MILLISECONDS, listening } from './leg.ts'
import { broadcastFault, startFault } from './php-fault.ts'
import { BROADCAST_SCRIPT, Broadcast } from './scripts.ts'
import { isFinding, NO_LARAVEL } from './server.ts'

const CANARY_CHARACTERS = 16

export const throughPhp: Check<Scene> = {
  id: 'delivery.php',
  area: 'delivery',
  question: "Does an event come through that the app's own PHP sends",
  needs: ['config.app', 'delivery.app-http', 'delivery.redis'],
  async run(scene, signal) {
    const facts = await scene.laravel()
    if (facts === undefined) return NO_LARAVEL
    if (!sendsOverHttp(facts)) {
      return skip('The app does not publish over HTTP; of Redis, delivery.redis tells.')
    }
    const local = await serverOf(scene, facts)
    if (isFinding(local)) return local
    return listening(local, signal, async (listener) => {
      const begun = performance.now()
      const told = await askPhp({
        directory: facts.directory,
        script: BROADCAST_SCRIPT,
        input: { channel: listener.channel, event: CANARY_EVENT, bytes: CANARY_CHARACTERS },
        signal,
      })
      if ('fault' in told) return startFault(told.fault, facts.directory)
      const broadcast = Broadcast.parse(told.answer)
      if (broadcast.failed !== undefined) {
        return {
          outcome: 'critical',
          ...broadcastFault(broadcast.failed, facts.directory, broadcast.proxies),
        }
      }
      const php = Math.round(performance.now() - begun)
      const timings = { ...listener.timings, php, publish: broadcast.milliseconds }
      if ((await listener.hears(HEARING_MILLISECONDS, signal)) !== undefined) {
        const took = `PHP took ${broadcast.milliseconds} ms to send it`
        return ok(`An event that the app sent itself arrived: ${took}.`, { timings })
      }
      return {
        outcome: 'critical',
        summary: 'The app says that it has sent an event, and it does not arrive.',
        evidence: [`broadcast on ${facts.app.default} ended without an error`],
        cause:
          'Its PHP resolves the host to another server, or the app has a broadcaster of its own.',
        causeId: 'php-elsewhere',
        timings,
      }
    })
  },
}

function sendsOverHttp(facts: LaravelFacts): boolean {
  const driver = usedConnection(facts)?.driver
  return driver === 'reverb' || driver === 'pusher'
}
