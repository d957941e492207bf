import { describe, expect, it } from 'vitest'
import { connectionCapacity, lowLimit } from '../src/open-files.ts'
import { TestClient } from './support/client.ts'
import { StartedServer } from './support/command.ts'
import { Directory } from './support/directory.ts'
import { signedPath } from './support/server.ts'

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

    const { admin } = JSON.parse(server.readyLine)
    const metrics = await (await fetch(`http://${admin}/metrics`)).text()
    expect(metrics).toMatch(/^resound_open_files_limit 192$/m)
    expect(Number(/^resound_open_files (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(64)
    const body = JSON.stringify({ name: 'e', channel: 'news', data: 'x' })
    await clients[0]?.subscribe('news')
    const publish = signedPath(app, 'POST', `/apps/${app.id}/events`, body)
    const published = await fetch(`http://127.0.0.1:${server.port}${publish}`, {
      method: 'POST',
      body,
    })
    expect(published.status).toBe(200)
    expect(await clients[0]?.next()).toMatchObject({ data: 'x' })
    const ready = await fetch(`http://127.0.0.1:${server.port}/ready`)
    expect(ready.status).toBe(503)
    expect(await ready.text()).toContain('open files')
    expect(await server.logged('the limit on open files is low')).toMatchObject({
      limit: 192,
      connections: 64,
      systemd: 'LimitNOFILE=65536',
    })
    expect(
      await server.logged('no room for more connections; new ones are told to try again'),
    ).toMatchObject({ of: 'files', connections: 64 })

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

describe('a limit on open files', () => {
  it('that is enough is not spoken of', () => {
    expect(lowLimit(10_000, 0)).toBeUndefined()
    expect(lowLimit(20_000, 19_000)).toBeUndefined()
    expect(lowLimit(Number.POSITIVE_INFINITY, 10_000_000)).toBeUndefined()
  })

  it('that is low is told with the line to change', () => {
    expect(lowLimit(1024, 0)).toEqual({
      limit: 1024,
      connections: 896,
      systemd: 'LimitNOFILE=65536',
      shell: 'ulimit -n 65536',
      docker: '--ulimit nofile=65536:65536',
    })
  })

  it('that is below what the apps may have is told with enough for them', () => {
    const low = lowLimit(20_000, 100_000)
    expect(low).toMatchObject({ connections: 19_000, configured: 100_000 })
    const enough = Number(/\d+/.exec(low?.systemd ?? '')?.[0])
    expect(connectionCapacity(enough)).toBeGreaterThanOrEqual(100_000)
    expect(lowLimit(enough, 100_000)).toBeUndefined()
  })
})
