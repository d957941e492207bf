import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TriggerDocument } from '../../src/cli/documents/trigger.ts'
import { TestClient } from '../support/client.ts'
import { resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'
import { STARTED_APP } from '../support/pusher-sockets.ts'

let server: StartedServer

beforeAll(async () => {
  server = await StartedServer.start([], { environment: STARTED_APP })
})

afterAll(() => server[Symbol.asyncDispose]())

const INFO = ['--info', 'subscription_count']

const connect = (): Promise<TestClient> => {
  const app = { key: 'key', secret: 'hidden-secret' }
  return new TestClient(`ws://127.0.0.1:${server.port}/app/key?protocol=7`, app).established()
}

describe('resound trigger', () => {
  it('publishes an event on the server of the configuration', async () => {
    const client = await connect()
    await client.subscribe('orders')
    const url = `http://127.0.0.1:${server.port}`
    expect(await server.command('trigger', 'orders', 'shipped', '{"id":7}')).toEqual({
      code: 0,
      stdout: `Published shipped on orders, app 1, at ${url}\n`,
      stderr: '',
    })
    expect(await client.next()).toEqual({ event: 'shipped', channel: 'orders', data: { id: 7 } })
    await client.close()
  })

  it('prints a document for programs, with what the server is to tell', async () => {
    const client = await connect()
    await client.subscribe('orders')
    const { stdout } = await server.command('trigger', 'orders', 'shipped', ...INFO, '--json')
    expect(TriggerDocument.parse(JSON.parse(stdout))).toEqual({
      schema: 'resound.trigger/1',
      url: `http://127.0.0.1:${server.port}`,
      app: '1',
      channel: 'orders',
      event: 'shipped',
      bytes: 2,
      info: { subscription_count: 1 },
    })
    expect(await client.next()).toMatchObject({ data: {} })
    await client.close()
  })

  it('reads data from standard input, and leaves a socket out', async () => {
    const client = await connect()
    await client.subscribe('orders')
    const told = await server.command('trigger', 'orders', 'shipped', '-', ...INFO)
    expect(told.stdout).toMatch(/\nsubscription_count 1\n$/)
    expect(await client.nextText()).toBe('{"event":"shipped","channel":"orders","data":""}')
    const except = ['--socket-id', client.socketId]
    const outcome = await server.command('trigger', 'orders', 'shipped', ...except)
    expect(outcome).toMatchObject({ code: 0 })
    await client.expectNothing()
    await client.close()
  })

  it('warns where clients could not read it', async () => {
    const outcome = await server.command('trigger', 'private-encrypted-x', 'e')
    expect(outcome).toMatchObject({ code: 0 })
    expect(outcome.stderr).toMatch(/^Warning: clients of an encrypted channel pass over/)
  })

  const app = (id: string, secret = 'hidden-secret') => ({ id, key: 'key', secret })

  it.each<[what: string, config: object, args: string[], code: number, text: RegExp]>([
    [
      'a wrong secret: what to check',
      { apps: [app('1', 'another')] },
      ['a', 'e'],
      1,
      /refuses the event: The signature does not match.*\n.*clock\.\n$/s,
    ],
    [
      'an app that is not there',
      { apps: [app('9')] },
      ['a', 'e'],
      1,
      /refuses the event: No app has this id.*\n.*Check --app and --url/s,
    ],
    [
      'more data than allowed',
      { apps: [app('1')] },
      ['a', 'e', 'x'.repeat(102_401)],
      1,
      /refuses the event: The data of event e is larger.*\n.*limits\.eventBytes/s,
    ],
    [
      'a channel that cannot be',
      { apps: [app('1')] },
      ['a b', 'e'],
      1,
      /refuses the event: A channel name is/,
    ],
    ['two apps', { apps: [app('1'), { ...app('2'), key: 'k2' }] }, ['a', 'e'], 2, /--app: 1, 2\n/],
    ['an unknown app', { apps: [app('1')] }, ['a', 'e', '--app', '3'], 2, /no app 3, but 1\n/],
  ])('says of %s', async (_what, config, args, code, text) => {
    using directory = new Directory({ 'resound.json': config })
    const url = args.includes('--app') ? [] : ['--url', `http://127.0.0.1:${server.port}`]
    const outcome = await resound(['trigger', ...args, ...url, '--config', 'resound.json'], {
      directory: directory.path,
    })
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(outcome.stderr).toMatch(text)
    expect(outcome.stderr).not.toContain('hidden-secret')
  })

  it('ends with 69 where nobody answers', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const outcome = await resound(['trigger', 'a', 'e', '--url', url], { environment: STARTED_APP })
    expect(outcome).toMatchObject({ code: 69, stdout: '' })
    expect(outcome.stderr).toMatch(/^resound: No answer from http:.*ECONNREFUSED/)
  })

  it('does not follow where another server leads, nor take its word', async () => {
    const other = createServer((_, response) => {
      response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end('<html>')
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const outcome = await resound(['trigger', 'a', 'e', '--url', url], { environment: STARTED_APP })
    other.close()
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toContain('refuses the event: status 302')
  })

  it('is told wrong of an address that is none', async () => {
    const outcome = await resound(['trigger', 'a', 'e', '--url', 'ftp://x'], {
      environment: STARTED_APP,
    })
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
  })
})
