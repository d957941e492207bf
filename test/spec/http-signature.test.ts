import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { exchange, type RawAnswer, request } from '../support/raw-http.ts'
import { APP, signedPath, startServer, type TestServer } from '../support/server.ts'

/** The time of the examples in Pusher's documentation. */
const NOW = 1_353_088_179
const COMMON = `auth_key=${APP.key}&auth_timestamp=${NOW}&auth_version=1.0`
const atThatTime = () => new ManualClock(NOW * 1000)

/** The signature of a query that is sent as it is signed. @param query sorted */
function sign(method: string, path: string, query: string, secret: string = APP.secret): string {
  return createHmac('sha256', secret).update(`${method}\n${path}\n${query}`).digest('hex')
}

const get = (server: TestServer, target: string): Promise<RawAnswer | undefined> =>
  exchange(server.port, request('GET', target))

const refused = (text: string, status = 401): object => ({
  status,
  body: JSON.stringify({ error: text, code: status }),
})

const MISMATCH = refused(
  "The signature does not match. Check the secret of app 3 in the Laravel app's .env, and that no proxy rewrites the path or query.",
)

describe('a signed request', () => {
  it('is accepted as in the documentation: POST events', async () => {
    await using server = await startServer({ clock: atThatTime() })
    const body = '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}'
    const target = `/apps/3/events?${COMMON}&body_md5=ec365a775a4cd0599faeb73354201b6f&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c`
    expect(await exchange(server.port, request('POST', target, body))).toMatchObject({
      status: 200,
      body: '{}',
    })
  })

  it('is accepted as in the documentation: GET channels', async () => {
    await using server = await startServer({ clock: atThatTime() })
    const target = `/apps/3/channels?${COMMON}&filter_by_prefix=presence-&info=user_count&auth_signature=16819168891cb5dfd72b5c7a5d3d602605b26c6ba1930033b5e2eeeb65010291`
    expect(await get(server, target)).toMatchObject({ status: 200, body: '{"channels":{}}' })
  })

  const SIGNATURE = '1d1155a0ebeb98ea04f39ce6af2fc826b0162b6f599ad281fea15c5d18b6266c'
  it.each([
    ['raw', 'info=user_count,subscription_count'],
    ['percent-encoded', 'info=user_count%2Csubscription_count'],
    ['as an array', 'info[0]=user_count&info[1]=subscription_count'],
    ['as an encoded array', 'info%5B0%5D=user_count&info%5B1%5D=subscription_count'],
    ['as an array without indices', 'info[]=user_count&info[]=subscription_count'],
    ['with its key in upper case', 'INFO=user_count,subscription_count'],
  ])('has one signature however a value is sent: %s', async (_how, info) => {
    await using server = await startServer({ clock: atThatTime() })
    const answer = await get(
      server,
      `/apps/3/channels/c?${COMMON}&${info}&auth_signature=${SIGNATURE}`,
    )
    // Verified, and understood: c is not a presence channel.
    expect(answer).toMatchObject(
      refused('c has no user_count: only presence channels have users.', 400),
    )
  })

  it.each([
    ['raw', '/apps/3/channels/presence-a,b'],
    ['percent-encoded', '/apps/3/channels/presence-a%2Cb'],
    ['percent-encoded throughout', '/apps/3/channels/%70resence-a%2cb'],
  ])('has one signature however the path is sent: %s', async (_how, path) => {
    await using server = await startServer({ clock: atThatTime() })
    const signature = sign('GET', '/apps/3/channels/presence-a,b', COMMON)
    const target = `${path}?${COMMON}&auth_signature=${signature}`
    expect(await get(server, target)).toMatchObject({ status: 200, body: '{"occupied":false}' })
  })

  it('may have signed the path as it was encoded', async () => {
    await using server = await startServer({ clock: atThatTime() })
    const path = '/apps/3/channels/presence-a%2Cb'
    const target = `${path}?${COMMON}&auth_signature=${sign('GET', path, COMMON)}`
    expect(await get(server, target)).toMatchObject({ status: 200, body: '{"occupied":false}' })
  })

  it('is signed without the path prefix of the server, as the SDKs do', async () => {
    await using server = await startServer({ clock: atThatTime(), pathPrefix: '/reverb' })
    const query = (path: string) => `${COMMON}&auth_signature=${sign('GET', path, COMMON)}`
    const path = '/apps/3/channels'
    expect(await get(server, `/reverb${path}?${query(path)}`)).toMatchObject({ status: 200 })
    expect(await get(server, `/reverb${path}?${query(`/reverb${path}`)}`)).toMatchObject(MISMATCH)
  })

  it.each([600, -600])('may be %i s off', async (skew) => {
    await using server = await startServer({ clock: new ManualClock((NOW + skew) * 1000) })
    const target = `/apps/3/channels?${COMMON}&auth_signature=${sign('GET', '/apps/3/channels', COMMON)}`
    expect(await get(server, target)).toMatchObject({ status: 200 })
  })

  it.each([
    [601, 'behind'],
    [-601, 'ahead of'],
  ])('is refused when its time is %i s %s the server, and is told so', async (skew, direction) => {
    await using server = await startServer({ clock: new ManualClock((NOW + skew) * 1000) })
    const target = `/apps/3/channels?${COMMON}&auth_signature=${sign('GET', '/apps/3/channels', COMMON)}`
    expect(await get(server, target)).toMatchObject(
      refused(
        `auth_timestamp is 601 s ${direction} this server's clock; 600 s are allowed. Synchronise the clocks.`,
      ),
    )
  })

  it('may be as far off as auth.timestampToleranceSeconds says', async () => {
    const clock = new ManualClock((NOW + 3000) * 1000)
    await using server = await startServer({ clock, auth: { timestampToleranceSeconds: 3000 } })
    const target = `/apps/3/channels?${COMMON}&auth_signature=${sign('GET', '/apps/3/channels', COMMON)}`
    expect(await get(server, target)).toMatchObject({ status: 200 })
    clock.advance(1000)
    expect(await get(server, target)).toMatchObject({ status: 401 })
  })

  it('may be signed with the previous secret while that is being replaced', async () => {
    const app = { secret: 'new-secret', previousSecret: APP.secret }
    await using server = await startServer({ app })
    for (const secret of ['new-secret', APP.secret]) {
      const target = signedPath({ key: APP.key, secret }, 'GET', '/apps/3/channels')
      expect(await get(server, target)).toMatchObject({ status: 200 })
    }
    const target = signedPath({ key: APP.key, secret: 'older' }, 'GET', '/apps/3/channels')
    expect(await get(server, target)).toMatchObject(MISMATCH)
  })
})

describe('a request that is not let in', () => {
  const ONE = { id: 'one', key: 'key-one', secret: 'secret-one' }
  const TWO = { id: 'two', key: 'key-two', secret: 'secret-two' }

  it("is signed by another app's key", async () => {
    await using server = await startServer({ apps: [ONE, TWO] })
    for (const credentials of [TWO, { key: TWO.key, secret: ONE.secret }]) {
      const target = signedPath(credentials, 'GET', '/apps/one/channels')
      expect(await get(server, target)).toMatchObject(
        refused(
          "auth_key is not the key of app one. Check the key and the app id in the Laravel app's .env.",
        ),
      )
    }
  })

  it("is signed with another app's secret", async () => {
    await using server = await startServer({ apps: [ONE, TWO] })
    const target = signedPath({ key: ONE.key, secret: TWO.secret }, 'GET', '/apps/one/channels')
    expect(await get(server, target)).toMatchObject({ status: 401 })
  })

  it('is not signed', async () => {
    await using server = await startServer()
    expect(await get(server, '/apps/3/channels')).toMatchObject(
      refused('The request is not signed: auth_signature is missing.'),
    )
  })

  it('is for an app that does not exist', async () => {
    await using server = await startServer()
    for (const id of ['4', '__proto__', 'constructor', '%33']) {
      expect(await get(server, signedPath(APP, 'GET', `/apps/${id}/channels`))).toMatchObject(
        refused("No app has this id. Check the app id in the Laravel app's .env.", 404),
      )
    }
  })

  it('is for a disabled app', async () => {
    await using server = await startServer({ app: { enabled: false } })
    expect(await server.trigger('a', 'e', 1)).toMatchObject({
      status: 403,
      body: { error: 'The app 3 is disabled.', code: 403 },
    })
  })

  it('has a body that was not signed', async () => {
    await using server = await startServer()
    const body = '{"name":"e","channel":"a","data":"1"}'
    const unsigned = signedPath(APP, 'POST', '/apps/3/events')
    expect(await exchange(server.port, request('POST', unsigned, body))).toMatchObject(
      refused('body_md5 is missing: a body has to be signed too.'),
    )
    const changed = signedPath(APP, 'POST', '/apps/3/events', body)
    const answer = await exchange(server.port, request('POST', changed, body.replace('1', '2')))
    expect(answer).toMatchObject(
      refused(
        'body_md5 is not the MD5 of the body received. Check that no proxy changes the body.',
      ),
    )
    expect(await exchange(server.port, request('POST', changed))).toMatchObject({ status: 401 })
  })

  it('is refused before its body is looked at', async () => {
    await using server = await startServer()
    const body = '{"name":'
    const md5 = createHash('md5').update(body).digest('hex')
    const query = `auth_key=${APP.key}&auth_timestamp=${Math.floor(Date.now() / 1000)}&auth_version=1.0&body_md5=${md5}`
    const post = (signature: string) =>
      exchange(
        server.port,
        request('POST', `/apps/3/events?${query}&auth_signature=${signature}`, body),
      )
    expect(await post('0'.repeat(64))).toMatchObject(MISMATCH)
    expect(await post(sign('POST', '/apps/3/events', query))).toMatchObject(
      refused('The body is not JSON.', 400),
    )
  })

  it('changes nothing', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('cache-a')
    await client.next() // cache_miss
    const body = '{"name":"e","channel":"cache-a","data":"1"}'
    const target = signedPath({ key: APP.key, secret: 'wrong' }, 'POST', '/apps/3/events', body)
    expect(await exchange(server.port, request('POST', target, body))).toMatchObject(MISMATCH)
    await client.expectNothing()
    const cache = await server.request('GET', '/channels/cache-a', { query: { info: 'cache' } })
    expect(cache.body).toEqual({ occupied: true, cache: null })
  })
})
