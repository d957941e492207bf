/** A thread that generates load: it is given its share, and tells how it goes. See `threads.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Crew, Sent } from './crew.ts'
import { Generator } from './generator.ts'
import type { Share } from './plan.ts'
import { type Order, PROGRESS_MILLISECONDS, type Report } from './threads.ts'

const port = parentPort
if (port === null) throw new Error('this module is a thread of its own')
const tell = (report: Report): void => port.postMessage(report)

const stopping = new AbortController()
let met: (sent: readonly Sent[]) => void = () => {}
port.on('message', (order: Order) => {
  if (order.type === 'stop') stopping.abort()
  else met(order.sent)
})
const crew: Crew = {
  meet: (sent) =>
    new Promise((resolve) => {
      met = resolve
      tell({ type: 'come', sent })
    }),
}

const generator = new Generator(workerData as Share, stopping.signal, crew, {
  began: (phase) => tell({ type: 'began', phase }),
  ended: (phase, measured) => tell({ type: 'ended', phase, measured }),
})
const progress = setInterval(
  () => tell({ type: 'progress', ...generator.load.fleet.progress }),
  PROGRESS_MILLISECONDS,
)
await generator.run()
clearInterval(progress)
port.close()
