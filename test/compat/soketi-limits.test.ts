import PusherSdk from 'pusher'
import { beforeAll, expect, it } from 'vitest'
import { TestClient } from '../support/client.ts'
import { resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'
import { installSoketi, startSoketi } from '../support/soketi.ts'

const INSTALL_TIMEOUT_MS = 5 * 60_000
const APP = { id: 'limited', key: 'limited-key', secret: 'limited-secret' }
const OPEN = { id: 'open', key: 'open-key', secret: 'open-secret' }
const OFF = { id: 'off', key: 'off-key', secret: 'off-secret' }

const APPS = [
  {
    ...APP,
    enableClientMessages: true,
    maxConnections: 3,
    maxPresenceMembersPerChannel: 2,
    maxPresenceMemberSizeInKb: 0.1,
    maxChannelNameLength: 20,
    maxEventChannelsAtOnce: 2,
    maxEventNameLength: 10,
    maxEventPayloadInKb: 40,
    maxEventBatchSize: 2,
  },
  OPEN,
  { ...OFF, enabled: false },
]

/** More than a client event may have by our own default, and less than the app allows. */
const LARGE = 30 * 1024
const TOO_LARGE = 50 * 1024

beforeAll(installSoketi, INSTALL_TIMEOUT_MS)

/** What happens at each of the limits, whichever server it is. */
async function behaviour(port: number): Promise<Readonly<Record<string, boolean>>> {
  const open = (app: { key: string; secret: string }) =>
    new TestClient(`ws://127.0.0.1:${port}/app/${app.key}?protocol=7`, app)
  const isLetIn = async (app: { key: string; secret: string }) => {
    const client = open(app)
    const { event } = await client.next()
    client.terminate()
    return event === 'pusher:connection_established'
  }
  const [ann, ben, cat] = [
    await open(APP).established(),
    await open(APP).established(),
    await open(APP).established(),
  ]
  const isJoined = async (client: TestClient, channel: string, member?: unknown) =>
    (await client.subscribe(channel, member)).event === 'pusher_internal:subscription_succeeded'
  /** Whether the second of two whispers is the first to arrive. */
  const isRelayed = async (size: number) => {
    const whisper = (event: string, data: string) =>
      ann.send({ event, channel: 'presence-a', data })
    whisper('client-a', 'x'.repeat(size))
    whisper('client-b', 'end')
    return (await ben.next()).event === 'client-a' && (await ben.next()).event === 'client-b'
  }
  const sdk = new PusherSdk({ ...APP, appId: APP.id, host: '127.0.0.1', port: String(port) })
  /** soketi refuses with status 200 as well, and says so in the body only. */
  const isAccepted = (answer: ReturnType<PusherSdk['trigger']>) =>
    answer.then(
      async (response) => !('error' in (await response.json())),
      () => false,
    )
  const event = (name: string) => ({ channel: 'c', name, data: 'x' })

  const seen = {
    'a fourth connection': await isLetIn(APP),
    'a connection to an app without a limit': await isLetIn(OPEN),
    'a connection to a disabled app': await isLetIn(OFF),
    'a connection to no app': await isLetIn({ key: 'nobody', secret: 's' }),
    'a channel with a long name': await isJoined(ann, 'x'.repeat(20)),
    'a channel with too long a name': await isJoined(ann, 'x'.repeat(21)),
    'a member that is too large': await isJoined(cat, 'presence-b', {
      user_id: '3',
      user_info: { name: 'x'.repeat(200) },
    }),
    'a first member': await isJoined(ben, 'presence-a', { user_id: '2' }),
    'a second member': await isJoined(ann, 'presence-a', { user_id: '1' }),
    'a third member': await isJoined(cat, 'presence-a', { user_id: '3' }),
    'an event': await isAccepted(sdk.trigger('c', 'x'.repeat(10), 'x')),
    'an event with too long a name': await isAccepted(sdk.trigger('c', 'x'.repeat(11), 'x')),
    'a large event': await isAccepted(sdk.trigger('c', 'e', 'x'.repeat(LARGE))),
    'too large an event': await isAccepted(sdk.trigger('c', 'e', 'x'.repeat(TOO_LARGE))),
    'two channels': await isAccepted(sdk.trigger(['c', 'd'], 'e', 'x')),
    'three channels': await isAccepted(sdk.trigger(['c', 'd', 'e'], 'e', 'x')),
    'a batch of two': await isAccepted(sdk.triggerBatch([event('a'), event('b')])),
    'a batch of three': await isAccepted(sdk.triggerBatch([event('a'), event('b'), event('c')])),
  }
  expect((await ben.next()).event).toBe('pusher_internal:member_added')
  const whispers = {
    'a large whisper': await isRelayed(LARGE),
    'too large a whisper': await isRelayed(TOO_LARGE),
  }
  for (const client of [ann, ben, cat]) client.terminate()
  return { ...seen, ...whispers }
}

it('an imported configuration has the limits of soketi', async () => {
  const port = await freePort()
  const configuration = JSON.stringify({
    host: '127.0.0.1',
    port,
    'metrics.host': '127.0.0.1',
    'metrics.port': await freePort(),
    'appManager.array.apps': APPS,
  })
  let inSoketi: unknown
  {
    await using _ = await startSoketi({ configuration })
    inSoketi = await behaviour(port)
  }
  expect(inSoketi).toMatchObject({ 'a fourth connection': false, 'a large whisper': true })

  using directory = new Directory({ 'soketi.json': configuration })
  const args = ['config', 'import', 'soketi', 'soketi.json', '--output', 'resound.json']
  expect(await resound(args, { directory: directory.path })).toMatchObject({ code: 0 })
  await using server = await StartedServer.start(['--config', 'resound.json'], {
    directory: directory.path,
  })
  expect(await behaviour(server.port)).toEqual(inSoketi)
})
