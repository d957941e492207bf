import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resound, StartedServer } from '../support/command.ts'
import { Sockets, STARTED_APP } from '../support/pusher-sockets.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { signedPath } from '../support/server.ts'

const TIME = /^\d\d:\d\d:\d\d\.\d{3}$/

/** Publishes until it is stopped: when a viewer begins to look is known to the viewer alone. */
class Publishing implements AsyncDisposable {
  #isOver = false
  readonly #done: Promise<void>

  constructor(server: StartedServer, channel: string, data: string) {
    this.#done = this.#publish(server, channel, data)
  }

  async #publish({ port }: StartedServer, channel: string, data: string): Promise<void> {
    const app = { key: 'key', secret: STARTED_APP.RESOUND_APP_SECRET }
    const body = JSON.stringify({ name: 'said', channel, data })
    while (!this.#isOver) {
      const path = signedPath(app, 'POST', '/apps/1/events', body)
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })
      if (answer.status !== 200) throw new Error(await answer.text())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#done
  }
}

describe('resound tail', () => {
  let server: StartedServer
  beforeAll(async () => {
    server = await StartedServer.start([], { environment: STARTED_APP })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('prints a line for each thing, and ends after --limit', async () => {
    await using _ = new Publishing(server, 'news', '{"password":"1234","text":"hello"}')
    const { code, stdout, stderr } = await server.command('tail', 'new*', '--limit', '2')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [line = '', second, end] = stdout.split('\n')
    expect([second, end]).toEqual([expect.stringContaining('event'), ''])
    const [time, ...words] = line.split(/ +/)
    expect(time).toMatch(TIME)
    expect(words.join(' ')).toBe('event news said from http to nobody, 34 bytes, app 1')
  })

  it('prints what events carry with --payloads, without secrets and harmless to a terminal', async () => {
    await using _ = new Publishing(server, 'news', '{"password":"1234","text":"\u202e"}')
    const { stdout } = await server.command('tail', 'news', '--limit', '1', '--payloads')
    expect(stdout.split('\n')[1]?.trim()).toBe('{"password":"[redacted]","text":"\\u{202e}"}')
  })

  it('prints a document a line for programs', async () => {
    await using _ = new Publishing(server, 'news', '{}')
    const { stdout } = await server.command('tail', '--json', '--limit', '1', '--kinds', 'event')
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ schema: 'resound.tail/1', kind: 'event', app: '1', channel: 'news' },
      ...{ event: 'said', source: 'http', delivered: 0, bytes: 2 },
    })
  })

  it('ends after --seconds where nothing happens', async () => {
    expect(await server.command('tail', 'none', '--seconds', '1')).toEqual({
      ...{ code: 0, stdout: '', stderr: '' },
    })
  })

  it.each([
    ['an unknown kind', ['--kinds', 'gossip'], 1, 'There is no such kind.'],
    ['an unknown app', ['--app', 'nope'], 1, 'No app has the id nope. There is 1.'],
    ['no kind', ['--kinds', ''], 2, 'Name some of event,'],
    ['a time without end', ['--seconds', '99999999999'], 2, 'at most 604800.'],
    ['a limit of none', ['--limit', '0'], 2, 'It is a whole number above 0.'],
  ])('refuses %s', async (_what, args, code, text) => {
    const outcome = await server.command('tail', ...args)
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(outcome.stderr).toContain(text)
  })

  it.each([
    ['tail', []],
    ['status', ['--watch']],
    ['metrics', ['--watch', '--interval', '0.1']],
  ])('and what else goes on ends with 0 when nobody reads any more: %s', async (command, args) => {
    await using _ = new Publishing(server, 'news', '{}')
    await using ongoing = server.begin(command, ...args)
    await ongoing.line()
    ongoing.stopReading()
    expect(await ongoing.outcome()).toEqual({ code: 0, stderr: '' })
  })

  it('says that the server has ended, with 69', async () => {
    await using other = await StartedServer.start([], { environment: STARTED_APP })
    const tail = other.command('tail', '--kinds', 'connected', '--limit', '1000')
    using _ = await Sockets.open(other.port, 1)
    await other.logged('starting')
    await using publishing = new Publishing(server, 'x', '1') // so that time passes
    void publishing
    other.signal('SIGTERM')
    expect(await tail).toMatchObject({ code: 69 })
  })

  it('without a server ends with 69', async () => {
    expect(await resound(['tail', '--admin-url', 'http://127.0.0.1:1'])).toMatchObject({ code: 69 })
  })
})

describe('resound tail of several workers', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  it('shows what happens in each, and in those that a restart begins', async () => {
    const environment = { ...STARTED_APP, RESOUND_REDIS_URL: redis.url }
    await using server = await StartedServer.start(['--workers', '2'], { environment })
    const connecting = ['--kinds', 'connected', '--json']
    const seen = server.command('tail', ...connecting, '--limit', '40')
    const opened: Sockets[] = []
    let isSeen = false
    void seen.then(() => {
      isSeen = true
    })
    while (!isSeen) opened.push(await Sockets.open(server.port, 10))
    for (const sockets of opened) sockets[Symbol.dispose]()
    expect((await seen).stdout.trim().split('\n')).toHaveLength(40)

    const after = server.command('tail', '--limit', '1', ...connecting)
    expect(await server.command('restart')).toMatchObject({ code: 0 })
    let hasEnded = false
    void after.then(() => {
      hasEnded = true
    })
    const later: Sockets[] = []
    while (!hasEnded) later.push(await Sockets.open(server.port, 1))
    for (const sockets of later) sockets[Symbol.dispose]()
    expect(JSON.parse((await after).stdout)).toMatchObject({ kind: 'connected' })
  })
})
