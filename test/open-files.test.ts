import { describe, expect, it } from 'vitest'
import { connectionCapacity } from '../src/open-files.ts'
import { TestClient } from './support/client.ts'
import { StartedServer } from './support/command.ts'
import { Directory } from './support/directory.ts'

describe('the connections that open files leave room for', () => {
  it.each([
    [1024, 896],
    [20_000, 19_000],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [64, 1],
  ])('of a limit of %d are %d', (limit, connections) => {
    expect(connectionCapacity(limit)).toBe(connections)
  })

  it('are taken; who comes next is told to try again, and the server goes on', async () => {
    using directory = new Directory()
    const app = { id: '3', key: 'key', secret: 'secret' }
    await using server = await StartedServer.start([], {
      directory: directory.path,
      environment: {
        RESOUND_APP_ID: app.id,
        RESOUND_APP_KEY: app.key,
        RESOUND_APP_SECRET: app.secret,
      },
      openFiles: 192,
    })
    const dial = (): TestClient => new TestClient(`ws://127.0.0.1:${server.port}/app/key`, app)
    const clients = await Promise.all(Array.from({ length: 64 }, () => dial().established()))

    const late = dial()
    expect(await late.next()).toEqual({
      event: 'pusher:error',
      data: {
        code: 4100,
        message: 'This server has all the connections that its limit on open files allows.',
      },
    })
    expect(await late.closed).toMatchObject({ code: 4100 })
    const up = await fetch(`http://127.0.0.1:${server.port}/up`)
    expect(up.status).toBe(200)

    await clients[0]?.close()
    await expect
      .poll(() =>
        dial()
          .established()
          .then(
            () => 'in',
            () => 'out',
          ),
      )
      .toBe('in')
  })
})
