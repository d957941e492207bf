import { once } from 'node:events'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { nowMicroseconds } from '../../src/bench/latency.ts'

const COMPILED = path.join(import.meta.dirname, '../../dist/src/bench/latency.js')
const ANSWERING = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData).then(({ nowMicroseconds }) => {
    parentPort.on('message', () => parentPort.postMessage(nowMicroseconds()))
    parentPort.postMessage('ready')
  })`

it('the time is the same in all threads, whenever they began', async () => {
  const worker = new Worker(ANSWERING, { eval: true, workerData: COMPILED })
  try {
    await once(worker, 'message')
    const before = nowMicroseconds()
    worker.postMessage('what time is it?')
    const [there] = await once(worker, 'message')
    expect(there).toBeGreaterThanOrEqual(before)
    expect(there).toBeLessThanOrEqual(nowMicroseconds())
  } finally {
    await worker.terminate()
  }
})
