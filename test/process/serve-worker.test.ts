/** A worker as its group sees it: a child process that is given orders. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { Config } from '../../src/config/schema.ts'
import { WORKER_COMMAND } from '../../src/process/forked-worker.ts'
import { PROGRAM } from '../support/command.ts'
import { freePort } from '../support/free-port.ts'

it('a worker that is ended before it was ready never listens', async () => {
  const [port, nobody] = [await freePort(), await freePort()]
  const config = Config.parse({
    apps: [{ id: '1', key: 'key', secret: 'secret' }],
    redis: { url: `redis://127.0.0.1:${nobody}` },
    log: { level: 'error' },
  })
  const worker = fork(PROGRAM, [WORKER_COMMAND], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  try {
    const said: string[] = []
    const notReady = new Promise<void>((resolve) => {
      worker.on('message', (message: { type: string }) => {
        said.push(message.type)
        if (message.type === 'readiness') resolve()
      })
    })
    worker.send({ type: 'begin', flags: {}, format: 'json', coloured: false, config })
    worker.send({ type: 'listen', port, when: 'ready' })
    await notReady
    const ended = once(worker, 'exit')
    worker.send({ type: 'stop' })
    expect(await ended).toEqual([0, null])
    expect(said).toEqual(['configured', 'readiness', 'last'])
  } finally {
    worker.kill('SIGKILL')
  }
})
