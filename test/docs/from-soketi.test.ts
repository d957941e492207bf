import PusherSdk from 'pusher'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { listen, openPage, subscribed } from '../support/echo.ts'
import { freePort } from '../support/free-port.ts'
import { Inbox } from '../support/inbox.ts'
import { ANN, BEN, type Laravel, startLaravel } from '../support/laravel.ts'
import { Page } from '../support/page.ts'
import { laravelEnv } from '../support/snippets.ts'
import { installSoketi, startSoketi } from '../support/soketi.ts'

const PAGE = new Page('from-soketi.md')
const APP = { appId: 'my-app', key: 'my-key', secret: 'my-secret' }
const WEBHOOK = 'https://my-app.example/api/webhooks'

const theirs = (): string => PAGE.block('json', 'appManager')
const ours = (): unknown => JSON.parse(PAGE.block('json', '"drain"'))

/** What pages and publishers do with a server: they know its port, and not which server it is. */
async function use(laravel: Laravel, env: string, port: number): Promise<void> {
  const page = { setup: 'pusher', env, endpoint: `${laravel.url}/api/broadcasting` } as const
  using ann = await openPage(page, laravel, ANN)
  using ben = await openPage(page, laravel, BEN)
  const [annsChat, bensChat] = [ann.echo.join('chat.1'), ben.echo.join('chat.1')]
  const here = new Inbox()
  bensChat.here(here.push)
  await Promise.all([subscribed(annsChat), subscribed(bensChat)])
  expect(await here.next()).toEqual(expect.arrayContaining([{ name: 'Ben' }]))
  const toAnn = listen(annsChat, 'MessageSent')
  const toBen = listen(bensChat, 'MessageSent')

  const fromAnn = { 'X-Socket-ID': ann.socketId }
  await laravel.post('/chat/1/messages', { text: 'to others', toOthers: true }, fromAnn)
  expect(await toBen.next()).toEqual({ text: 'to others' })
  const sdk = new PusherSdk({ ...APP, host: '127.0.0.1', port: String(port) })
  await sdk.trigger('presence-chat.1', 'App\\Events\\MessageSent', { text: 'x'.repeat(150_000) })
  expect(await toAnn.next()).toEqual({ text: expect.stringMatching(/^x{150000}$/) })

  const whispers = new Inbox()
  bensChat.listenForWhisper('typing', whispers.push)
  annsChat.whisper('typing', { name: 'Ann' })
  expect(await whispers.next()).toEqual({ name: 'Ann' })
  await vi.waitFor(async () => {
    expect(await laravel.request('GET', '/webhooks')).toContainEqual(
      expect.objectContaining({ name: 'client_event', socket_id: ann.socketId }),
    )
  }, 10_000)
}

describe('the page about moving from soketi', () => {
  beforeAll(installSoketi)

  it('moves an app whose pages and publishers notice nothing', async () => {
    const [port, metricsPort] = [await freePort(), await freePort()]
    const env = await laravelEnv('pusher', { PUSHER_PORT: port })
    // The tests' app verifies webhooks by its reverb connection.
    const verifying = ['ID', 'KEY', 'SECRET'].map(
      (part) => `REVERB_APP_${part}=\${PUSHER_APP_${part}}`,
    )
    await using laravel = await startLaravel([env, ...verifying].join('\n'))
    const configuration = theirs()
      .replace('6001', String(port))
      .replace('9601', String(metricsPort))
      .replace(WEBHOOK, `${laravel.url}${new URL(WEBHOOK).pathname}`)
    const connected = async (): Promise<string | undefined> => {
      const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
      const [, value] =
        /^soketi_new_connections_total\{app_id="my-app",port="\d+"\} (\d+)$/m.exec(
          await response.text(),
        ) ?? []
      return value
    }

    {
      await using _ = await startSoketi({ configuration })
      await use(laravel, env, port)
      expect(await connected()).toBe('2')
    }

    using directory = new Directory({ 'soketi.json': configuration })
    const surroundings = { directory: directory.path }
    const imported = await resound(PAGE.command('config import').args, surroundings)
    expect(imported.code).toBe(0)
    await using _ = await StartedServer.start(PAGE.command('start').args.slice(1), {
      ...surroundings,
      environment: { RESOUND_PORT: undefined, RESOUND_ADMIN_PORT: undefined },
    })
    await use(laravel, env, port)
    expect(await connected()).toBe('2')
  }, 60_000)

  it('shows what the import makes of the file', async () => {
    using directory = new Directory({ 'soketi.json': theirs() })
    const { args } = PAGE.command('config import')
    await resound(args, { directory: directory.path })
    expect(JSON.parse(directory.read('resound.json'))).toEqual(ours())
  })
})
