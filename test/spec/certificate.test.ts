/** A renewed certificate: new connections get it, and nobody who is connected notices. */
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createCertificate } from '../support/certificate.ts'
import type { TestClient } from '../support/client.ts'
import { StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { sampleOf } from '../support/metrics.ts'
import { APP, startServer, type TestServer } from '../support/server.ts'

// What publishes here is fetch, which can be told in no other way to trust these certificates.
beforeAll(() => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
})
afterAll(() => {
  vi.unstubAllEnvs()
})

/** Serial number of the certificate that a new connection is shown. */
async function serialOf(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

/** Two clients that subscribe to `private-a`, one before the certificate was renewed and one after. */
async function acrossRenewal(server: TestServer, directory: Directory) {
  const older = await server.connect()
  await older.subscribe('private-a')
  createCertificate(directory)
  expect(server.server.reload(server.config)).toEqual([])
  const newer = await server.connect()
  await newer.subscribe('private-a')
  return { older, newer }
}

const whisper = (from: TestClient): void =>
  from.send({ event: 'client-x', channel: 'private-a', data: {} })

describe('a renewed certificate', () => {
  it('is shown to new connections from the reload on', async () => {
    using directory = new Directory()
    await using server = await startServer({ tls: createCertificate(directory) })
    const before = await serialOf(server.port)
    createCertificate(directory)
    expect(await serialOf(server.port)).toBe(before)
    server.server.reload(server.config)
    const after = await serialOf(server.port)
    expect(after).not.toBe(before)
    server.server.reload(server.config) // nothing new
    expect(await serialOf(server.port)).toBe(after)
  })

  it('parts nobody: events, whispers and presence reach who came before and who came after', async () => {
    using directory = new Directory()
    const tls = createCertificate(directory)
    await using server = await startServer({ tls, app: { clientEvents: true } })
    const { older, newer } = await acrossRenewal(server, directory)

    await server.trigger('private-a', 'e', { n: 1 })
    for (const client of [older, newer]) {
      expect(await client.next()).toEqual({ event: 'e', channel: 'private-a', data: { n: 1 } })
    }
    for (const [from, to] of [
      [older, newer],
      [newer, older],
    ] as const) {
      await server.trigger('private-a', 'e', { n: 2 }, { socket_id: from.socketId })
      expect(await to.next()).toMatchObject({ data: { n: 2 } })
      await from.expectNothing()
      whisper(from)
      expect(await to.next()).toMatchObject({ event: 'client-x' })
      await from.expectNothing()
    }
    await older.subscribe('presence-a', { user_id: 'ann' })
    expect(await newer.subscribe('presence-a', { user_id: 'bob' })).toMatchObject({
      data: { presence: { count: 2 } },
    })
    expect(await older.next()).toMatchObject({ event: 'pusher_internal:member_added' })
    await older.close()
    expect(await newer.next()).toMatchObject({ event: 'pusher_internal:member_removed' })
  })

  it('is no obstacle to a drain: who came before and who came after are told to reconnect', async () => {
    using directory = new Directory()
    await using server = await startServer({ tls: createCertificate(directory) })
    const { older, newer } = await acrossRenewal(server, directory)
    await server.server.drain()
    for (const client of [older, newer]) expect(await client.closed).toMatchObject({ code: 4200 })
  })

  it('may follow others: those of each go on, and those without clients are let go', async () => {
    using directory = new Directory()
    await using server = await startServer({ tls: createCertificate(directory) })
    const clients = [await server.connect()]
    await clients[0]?.subscribe('news')
    for (let nth = 0; nth < 3; nth += 1) {
      createCertificate(directory)
      server.server.reload(server.config)
      const client = await server.connect()
      await client.subscribe('news')
      clients.push(client)
      if (nth === 1) await clients.splice(1, 1)[0]?.close()
    }
    await server.trigger('news', 'e', 'x')
    expect(clients).toHaveLength(3)
    for (const client of clients) expect(await client.next()).toMatchObject({ data: 'x' })
    for (const client of clients) await client.expectNothing()
  })

  it('costs no connect that is under way', async () => {
    using directory = new Directory()
    await using server = await startServer({ tls: createCertificate(directory) })
    const serials = new Set<string>()
    for (let round = 0; round < 4; round += 1) {
      const dials = Array.from({ length: 50 }, () => serialOf(server.port))
      createCertificate(directory)
      server.server.reload(server.config)
      dials.push(...Array.from({ length: 50 }, () => serialOf(server.port)))
      for (const serial of await Promise.all(dials)) serials.add(serial)
    }
    expect(serials.size).toBeGreaterThanOrEqual(4)
  })

  it('leaves an HTTP connection in use, which can still become a WebSocket', async () => {
    using directory = new Directory()
    await using server = await startServer({ tls: createCertificate(directory) })
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
    const ask = async (path: string, headers = {}) => {
      const request = get({ port: server.port, host: '127.0.0.1', path, agent, headers })
      const [response] = await Promise.race([once(request, 'response'), once(request, 'upgrade')])
      return { status: response.statusCode, body: response, reused: request.reusedSocket }
    }
    const first = await ask('/up')
    first.body.resume()
    await once(first.body, 'end')
    createCertificate(directory)
    server.server.reload(server.config)
    const upgrade = await ask(`/app/${APP.key}`, {
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    })
    expect(upgrade).toMatchObject({ status: 101, reused: true })
    agent.destroy()
    upgrade.body.socket.destroy()
  })

  it('is what the metric tells the end of', async () => {
    using directory = new Directory()
    await using server = await startServer({ tls: createCertificate(directory, 2) })
    const name = 'resound_tls_certificate_expiry_seconds'
    expect(await sampleOf(server.server, name)).toBeGreaterThan(86_400)
    createCertificate(directory, 1)
    server.server.reload(server.config)
    expect(await sampleOf(server.server, name)).toBeLessThanOrEqual(86_400)
  })

  it('that cannot be used changes nothing, and is complained about', async () => {
    using directory = new Directory()
    await using server = await startServer({ tls: createCertificate(directory) })
    const before = await serialOf(server.port)
    const { log } = server.config
    const next = { ...server.config, log: { ...log, level: 'silent' as const }, apps: [] }
    writeFileSync(directory.file('key.pem'), 'no key')
    expect(() => server.server.reload(next)).toThrow(
      expect.objectContaining({ code: 'RESOUND_TLS_INVALID' }),
    )
    expect(await serialOf(server.port)).toBe(before)
    await (await server.connect()).expectNothing()
  })
})

it('SIGHUP renews the certificate; one that does not fit its key is named, and nothing changes', async () => {
  using directory = new Directory()
  const { cert, key } = createCertificate(directory)
  await using server = await StartedServer.start([], {
    directory: directory.path,
    environment: { RESOUND_TLS_CERT: cert, RESOUND_TLS_KEY: key },
  })
  const first = await serialOf(server.port)
  createCertificate(directory)
  server.signal('SIGHUP')
  await server.logged('reloaded')
  const second = await serialOf(server.port)
  expect(second).not.toBe(first)
  expect(server.log.some(({ msg }) => String(msg).includes('restart'))).toBe(false)

  using other = new Directory()
  writeFileSync(cert, readFileSync(createCertificate(other).cert))
  server.signal('SIGHUP')
  const refused = await server.logged('not reloaded; nothing has changed')
  expect(JSON.stringify(refused)).toContain('tls.cert and tls.key cannot be used')
  expect(await serialOf(server.port)).toBe(second)
})
