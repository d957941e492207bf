import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { openFiles, openFilesLimit } from '../src/open-files.ts'
import { detectedMemoryLimit, filesShortage, memoryShortage, type Use } from '../src/room.ts'
import { ManualClock } from './support/clock.ts'
import { StartedServer } from './support/command.ts'
import { sampleOf } from './support/metrics.ts'
import { greeting, STARTED_APP } from './support/pusher-sockets.ts'
import { RawConnection } from './support/raw-connection.ts'
import { startServer } from './support/server.ts'
import { statusOf } from './support/status.ts'
import { TestLog } from './support/test-log.ts'

const run = promisify(execFile)

const ROOMY: Use = {
  otherFiles: 30,
  filesLimit: 20_000,
  memoryBytes: 100,
  memoryLimitBytes: 1000,
  heapBytes: 50,
  heapLimitBytes: 1000,
}

describe('what there is no room for', () => {
  it.each<[string, Partial<Use>, number, string | undefined]>([
    ['with room for everything', {}, 18_000, undefined],
    ['with as many connections as may be', {}, 19_000, 'files'],
    ['with 95 % of the files open, by whom ever', { otherFiles: 1000 }, 18_000, 'files'],
    ['with a system that does not tell its limit', { filesLimit: Infinity }, 1_000_000, undefined],
    ['at 90 % of the memory', { memoryBytes: 900 }, 0, undefined],
    ['above it', { memoryBytes: 901 }, 0, 'memory'],
    ['above 90 % of the heap', { heapBytes: 901 }, 0, 'heap'],
  ])('%s', (_, use, connections, of) => {
    const now = { ...ROOMY, ...use }
    const clients = { webSockets: connections, others: 0 }
    const short = memoryShortage([now, now, now]) ?? filesShortage(now, clients)
    expect(short?.of).toBe(of)
  })

  it('is not what garbage collection frees again', () => {
    const full = { ...ROOMY, heapBytes: 990 }
    expect(memoryShortage([full, ROOMY, full])).toBeUndefined()
    expect(memoryShortage([full, full])).toBeUndefined()
  })
})

it('the memory there is, is no more than the machine has', () => {
  expect(detectedMemoryLimit()).toBeGreaterThan(64 * 1024 * 1024)
  expect(detectedMemoryLimit()).toBeLessThan(1e15)
})

describe('a server whose memory is nearly used up', () => {
  const REASON = 'This server has all the connections that its memory allows.'

  it('tells new connections to try again, keeps those it has, and is not ready', async () => {
    const log = new TestLog()
    const clock = new ManualClock()
    await using server = await startServer({
      clock,
      logger: log.logger,
      memory: { limitBytes: 1024 * 1024 },
    })
    const kept = await server.connect()
    clock.advance(3000)
    const late = server.dial()
    expect(await late.next()).toEqual({
      event: 'pusher:error',
      data: { code: 4100, message: REASON },
    })
    expect(await late.closed).toEqual({ code: 4100, reason: REASON })
    await kept.expectNothing()
    const ready = await fetch(`${server.url}/ready`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toEqual({ ready: false, reason: REASON })

    clock.advance(30_000)
    const line = await log.line(/^no room for more connections/)
    expect(line).toMatchObject({ of: 'memory', connections: 1, memoryLimitBytes: 1024 * 1024 })
    expect(line['remedy']).toContain('memory.limitBytes')
    expect(log.lines(/^no room/)).toHaveLength(1)
    expect(await sampleOf(server.server, 'resound_memory_limit_bytes')).toBe(1024 * 1024)
    expect(await sampleOf(server.server, 'resound_memory_bytes')).toBeGreaterThan(1024 * 1024)
  })
})

it('connections that are accepted now, and upgraded later, are counted once', async () => {
  const clients = 250
  const clock = new ManualClock()
  await using _limit = await limitOpenFiles(800) // the clients' own ends are files of this process, too
  await using server = await startServer({ clock })
  const upgrade = `GET /app/${server.app.key}?protocol=7 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
  const before = openFiles() ?? 0
  const sockets = await Promise.all(
    Array.from({ length: clients }, () => RawConnection.open(server.port)),
  )
  await expect.poll(openFiles).toBeGreaterThanOrEqual(before + 2 * clients)
  clock.advance(1000) // the server looks how many files are open
  const said: string[] = []
  for (const socket of sockets) {
    await socket.send(upgrade)
    const answer = await socket.take((bytes) =>
      /"event":"(.*?)"/.test(String(bytes)) ? bytes.length : undefined,
    )
    said.push(/"event":"(.*?)"/.exec(String(answer))?.[1] ?? '')
  }
  for (const socket of sockets) socket.abort()
  expect(said).toEqual(said.map(() => 'pusher:connection_established'))
})

it('more clients than files are sent away, and the server is there for the others', async () => {
  await using server = await StartedServer.start([], {
    environment: STARTED_APP,
    openFiles: 400,
  })
  const ends = Array.from({ length: 700 }, () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/app/key?protocol=7`)
    const end = new Promise<string>((resolve) => {
      socket.once('message', (text) => resolve(String(/pusher:\w+/.exec(String(text)))))
      socket.once('error', () => resolve('cut off'))
    })
    return { socket, end }
  })
  const said = await Promise.all(ends.map(({ end }) => end))
  const { processes } = await statusOf(server)
  expect(processes[0]).toMatchObject({ pid: server.pid, connections: { open: 272 } })
  expect(said.filter((text) => text === 'pusher:connection_established')).toHaveLength(272)
  expect(said.filter((text) => text === 'pusher:error').length).toBeGreaterThan(0)
  for (const { socket } of ends) socket.terminate()
  await expect
    .poll(async () => (await greeting(server.port)).event)
    .toBe(said.find((text) => text.endsWith('established')))
})

/** Lowers what this process may open, until disposed of. */
async function limitOpenFiles(limit: number): Promise<AsyncDisposable> {
  const set = (most: string) => run('prlimit', ['--pid', String(process.pid), `--nofile=${most}:`])
  const before = openFilesLimit()
  await set(String(limit))
  return { [Symbol.asyncDispose]: async () => void (await set(String(before))) }
}
