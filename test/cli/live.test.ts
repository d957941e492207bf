/** `resound channels`, `connections` and `users`, against a started server. */
import { hostname } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ChannelsDocument } from '../../src/cli/documents/channels.ts'
import {
  ConnectionsCloseDocument,
  ConnectionsDocument,
} from '../../src/cli/documents/connections.ts'
import { UsersDisconnectDocument, UsersDocument } from '../../src/cli/documents/users.ts'
import { TestClient } from '../support/client.ts'
import { resound, StartedServer } from '../support/command.ts'
import { STARTED_APP } from '../support/pusher-sockets.ts'

const LONG = `a-channel-of-a-very-long-name.${'x'.repeat(90)}.end`

let server: StartedServer

beforeAll(async () => {
  server = await StartedServer.start([], {
    environment: { ...STARTED_APP, RESOUND_LIMITS_CHANNEL_NAME_LENGTH: '200' },
  })
})

afterAll(() => server[Symbol.asyncDispose]())

async function connect(started = server): Promise<TestClient> {
  const app = { key: 'key', secret: 'hidden-secret' }
  return new TestClient(`ws://127.0.0.1:${started.port}/app/key?protocol=7`, app).established()
}

const json = async (...args: string[]): Promise<unknown> =>
  JSON.parse((await server.command(...args, '--json')).stdout)

const silently = { code: 0, stderr: '' }

describe('resound channels', () => {
  it('says so where there is none', async () => {
    expect(await server.command('channels')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No channel is occupied\n',
    })
  })

  it('lists them, whole where nobody looks', async () => {
    const client = await connect()
    await client.subscribe(LONG)
    await client.subscribe('presence-cache-room', { user_id: '1' })
    await client.next()
    const outcome = await server.command('channels')
    const width = LONG.length
    expect(outcome).toEqual({
      ...silently,
      stdout: [
        `${'channel'.padEnd(width)}  kind             subscriptions  members  app`,
        `${LONG}  public                       1        -  1`,
        `${'presence-cache-room'.padEnd(width)}  presence, cache              1        1  1`,
        '',
      ].join('\n'),
    })
    expect(outcome.stdout).not.toContain('…')
    const document = ChannelsDocument.parse(await json('channels', '--prefix', 'presence-'))
    expect(document).toEqual({
      schema: 'resound.channels/1',
      channels: [
        {
          app: '1',
          name: 'presence-cache-room',
          kind: 'presence',
          cached: true,
          subscriptions: 1,
          members: 1,
        },
      ],
      more: null,
      silentNodes: [],
    })
    await client.close()
  })

  const many = async (): Promise<TestClient> => {
    const client = await connect()
    for (let index = 0; index < 105; index += 1) {
      await client.subscribe(`c-${String(index).padStart(3, '0')}`)
    }
    return client
  }

  it('lists 100 of them, or all', async () => {
    const client = await many()
    const usual = await server.command('channels')
    expect(usual.stdout.split('\n')).toHaveLength(1 + 100 + 1)
    expect(usual.stderr).toBe('There are more: see --limit and --all\n')
    const all = await server.command('channels', '--all')
    expect(all.stdout.split('\n')).toHaveLength(1 + 105 + 1)
    expect(all).toMatchObject(silently)
    await client.close()
  })

  it('says where it goes on', async () => {
    const client = await many()
    const first = ChannelsDocument.parse(await json('channels', '--limit', '3'))
    expect(first.channels.map(({ name }) => name)).toEqual(['c-000', 'c-001', 'c-002'])
    const next = ChannelsDocument.parse(
      await json('channels', '--limit', '1', '--after', first.more ?? ''),
    )
    expect(next.channels.map(({ name }) => name)).toEqual(['c-003'])
    await client.close()
  })

  it.each([
    [['channels', '--limit', '0'], 2, /It is a whole number from 1 to 100000\./],
    [['channels', '--limit', 'x'], 2, /It is a whole number from 1 to 100000\./],
    [['channels', '--app', '5'], 1, /refuses: No app has the id 5\. There is 1\.\n/],
    [
      ['channels', '--after', 'x'],
      1,
      /refuses: after is what an answer before said[\s\S]*: Correct what the message names\.\n$/,
    ],
  ])('refuses %j', async (args, code, text) => {
    const outcome = await server.command(...args)
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(outcome.stderr).toMatch(text)
  })

  it('without a server ends with 69', async () => {
    const outcome = await resound(['channels', '--admin-url', 'http://127.0.0.1:1'])
    expect(outcome).toMatchObject({ code: 69, stdout: '' })
  })
})

describe('resound connections', () => {
  it('lists them for programs', async () => {
    const [ann, bob] = [await connect(), await connect()]
    await ann.signIn({ id: 'ann' })
    const { connections } = ConnectionsDocument.parse(await json('connections'))
    expect(connections.map(({ socketId }) => socketId).sort()).toEqual(
      [ann.socketId, bob.socketId].sort(),
    )
    expect(connections).toContainEqual({
      app: '1',
      socketId: ann.socketId,
      node: `${hostname()}:${server.pid}`,
      userId: 'ann',
      channels: 0,
      openedAt: expect.any(String),
      bufferedBytes: 0,
    })
    await ann.close()
    await bob.close()
  })

  it('lists them for people, those that are asked for', async () => {
    const [ann, bob] = [await connect(), await connect()]
    await ann.signIn({ id: 'ann' })
    await bob.subscribe('news')
    const listed = await server.command('connections', 'list', '--channel', 'news')
    expect(listed).toMatchObject(silently)
    expect(listed.stdout).toMatch(
      /^socket id +user +channels +open for +waiting +node +app\n\S+ +- +1 +\d+ s +0 B +\S+ +1\n$/,
    )
    const { stdout } = await server.command('connections', '--user', 'ann')
    expect(stdout).toContain(`\n${ann.socketId}  ann `)
    expect(stdout).not.toContain(bob.socketId)
    await ann.close()
    await bob.close()
  })

  it('closes one, for good or to come back', async () => {
    const [ann, bob] = [await connect(), await connect()]
    expect(await server.command('connections', 'close', bob.socketId)).toEqual({
      ...silently,
      stdout: `Closed the connection ${bob.socketId}\n`,
    })
    expect(await bob.closed).toMatchObject({ code: 4009 })
    const closed = await json('connections', 'close', ann.socketId, '--reconnect')
    expect(ConnectionsCloseDocument.parse(closed)).toMatchObject({ closed: 1, silentNodes: [] })
    expect(await ann.closed).toMatchObject({ code: 4200 })
  })

  it('fails where there is none to close', async () => {
    expect(await server.command('connections', 'close', '1.1')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'No connection has the socket id 1.1\n',
    })
  })
})

describe('resound users', () => {
  it('lists them', async () => {
    const [ann, phone, bob] = [await connect(), await connect(), await connect()]
    await ann.signIn({ id: 'ann' })
    await phone.subscribe('presence-room', { user_id: 'ann' })
    await bob.subscribe('presence-room', { user_id: 'Bob' })
    expect(UsersDocument.parse(await json('users')).users).toEqual([
      { app: '1', userId: 'Bob', connections: 1 },
      { app: '1', userId: 'ann', connections: 2 },
    ])
    expect(await server.command('users', '--prefix', 'a')).toEqual({
      ...silently,
      stdout: 'user  connections  app\nann             2  1\n',
    })
    for (const client of [ann, phone, bob]) await client.close()
  })

  it('disconnects one, for good or to come back', async () => {
    const [ann, phone, bob] = [await connect(), await connect(), await connect()]
    await ann.signIn({ id: 'ann' })
    await phone.subscribe('presence-room', { user_id: 'ann' })
    await bob.subscribe('presence-room', { user_id: 'Bob with + a & space' })
    expect(await server.command('users', 'disconnect', 'ann')).toEqual({
      ...silently,
      stdout: 'Closed 2 connections\n',
    })
    for (const client of [ann, phone]) expect(await client.closed).toMatchObject({ code: 4009 })
    const told = await json('users', 'disconnect', 'Bob with + a & space', '--reconnect')
    expect(UsersDisconnectDocument.parse(told)).toMatchObject({ closed: 1 })
    expect(await bob.closed).toMatchObject({ code: 4200 })
  })

  it('fails where there is nobody to disconnect', async () => {
    expect(await server.command('users', 'disconnect', 'zoe')).toMatchObject({
      code: 1,
      stderr: 'The user zoe has no connection\n',
    })
  })
})
