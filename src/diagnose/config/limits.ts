/**
 * `config.limits`: limits that contradict each other, or that ordinary events of Laravel do not fit.
 */
import { effectiveLimits } from '../../apps/app.ts'
import { type Check, ok, skip } from '../check.ts'
import type { Scene } from '../scene.ts'

/** What Pusher itself takes, and apps therefore send. */
const PUSHER_EVENT_BYTES = 10_240
/** Of a frame around a client event's data: names, and quotes that have to be escaped. */
const FRAME_BYTES = 512

export const limitsFit: Check<Scene> = {
  id: 'config.limits',
  area: 'config',
  question: 'Do the limits fit each other, and ordinary events',
  run(scene) {
    if (!scene.reading.valid) return skip('The configuration of the server is refused.')
    const { limits, apps } = scene.reading.config
    const each = [
      { where: 'limits', ...limits },
      ...apps.map(({ id, limits: own }) => ({
        where: `limits of app ${id}`,
        ...effectiveLimits(limits, own),
      })),
    ]
    for (const { where, eventBytes, clientEventBytes, messageBytes } of each) {
      if (eventBytes < PUSHER_EVENT_BYTES) {
        return {
          outcome: 'warning',
          summary: `The server takes events of ${eventBytes} bytes only, where Pusher takes 10 KB.`,
          evidence: [`${where}: eventBytes ${eventBytes}`],
          cause: 'Larger events are refused with 413, and their jobs fail.',
          causeId: 'event-bytes',
          fix: {
            text: "Raise it in the server's configuration, and run resound reload.",
            paste: `"eventBytes": ${PUSHER_EVENT_BYTES}`,
            into: `the server's configuration, ${where}`,
          },
        }
      }
      if (clientEventBytes + FRAME_BYTES > messageBytes) {
        return {
          outcome: 'warning',
          summary: 'Client events may be larger than the messages that carry them.',
          evidence: [
            `${where}: clientEventBytes ${clientEventBytes}, messageBytes ${messageBytes}`,
          ],
          cause: 'A message above messageBytes closes the connection.',
          causeId: 'message-bytes',
          fix: {
            text: "Raise it in the server's configuration, and restart.",
            paste: `"messageBytes": ${2 * clientEventBytes + FRAME_BYTES}`,
            into: "the server's configuration, limits",
          },
        }
      }
    }
    return ok('The limits fit each other.')
  },
}
