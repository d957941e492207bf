/** What the area `auth` finds in a real Laravel app: which of its layers refuses, and the proof that none does. */
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/diagnose/checks.ts'
import { Scene } from '../../src/diagnose/scene.ts'
import { Setup } from '../support/breakable.ts'
import { type Diagnosis, GALLERY_APP, Gallery } from '../support/gallery.ts'
import { ANN, BEN } from '../support/laravel.ts'
import { Upstream } from '../support/upstream.ts'

let gallery: Gallery
let ann: string
beforeAll(async () => {
  gallery = await Gallery.start()
  ann = await gallery.laravel.login(ANN)
})
afterAll(() => gallery[Symbol.asyncDispose]())
afterEach(() => gallery.restore())

const AUTH = ['--only', 'auth']
const diagnose = (...args: readonly string[]): Promise<Diagnosis> =>
  gallery.diagnose(...AUTH, ...args)
const asAnn = (channel: string): readonly string[] => ['--channel', channel, '--cookie', ann]

async function expectWell(...args: readonly string[]): Promise<Diagnosis> {
  const diagnosis = await diagnose(...args)
  const unwell = diagnosis.results.filter(({ outcome }) => outcome !== 'ok' && outcome !== 'skip')
  expect(unwell).toEqual([])
  expect(diagnosis.of('auth.subscribe').outcome).toBe('ok')
  expect(diagnosis.code).toBe(0)
  return diagnosis
}

async function expectFound(
  id: string,
  causeId: string,
  ...args: readonly string[]
): Promise<Diagnosis['results'][number]> {
  const { code, of } = await diagnose(...args)
  expect(of(id)).toMatchObject({ outcome: 'critical', causeId })
  expect(code).toBe(2)
  return of(id)
}

describe('subscribes for real', () => {
  it.each([['private-orders.1'], ['private-orders.{order}'], ['presence-chat.1']])(
    'to %s with a session',
    async (channel) => {
      await expectWell(...asAnn(channel))
    },
  )

  it('with a token, where the endpoint is for tokens', async () => {
    const token = await gallery.laravel.token(ANN)
    const endpoint = `${gallery.laravel.url}/api/broadcasting/auth`
    const args = ['--channel', 'private-orders.1', '--token', token, '--auth-url', endpoint]
    await expectWell(...args)
  })

  it('as a user, asked inside of the app', async () => {
    const { of } = await expectWell('--as-user', '1', '--channel', 'private-orders.1')
    expect(of('auth.answer').summary).toBe('The app lets user 1 into private-orders.1.')
  })

  it('after a login through the form', async () => {
    const login = `${ANN.name}:${ANN.password}`
    await expectWell('--login', login, '--channel', 'private-orders.1')
  })

  it('to a channel of its own choice, where only a user is named', async () => {
    const { of } = await expectWell('--as-user', '1')
    expect(of('auth.answer').summary).toBe('The app lets user 1 into private-App.Models.User.1.')
  })

  it('to an encrypted channel, with the key for it', async () => {
    await gallery.env({ BROADCAST_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') })
    await expectWell(...asAnn('private-encrypted-secrets.1'))
  })
})

describe('where nobody is named', () => {
  it('looks at the endpoint alone', async () => {
    const { code, of } = await diagnose()
    expect(of('auth.endpoint').summary).toMatch(/\/broadcasting\/auth answers a guest with 403\.$/)
    expect(of('auth.subscribe').outcome).toBe('skip')
    expect(code).toBe(0)
  })

  it('cannot say more about a channel', async () => {
    const { code, of } = await diagnose('--channel', 'private-orders.1')
    expect(of('auth.answer')).toMatchObject({ outcome: 'unknown', causeId: 'no-identity' })
    expect(code).toBe(3)
  })

  it('cannot ask for a user whom the app has not', async () => {
    const { code, of } = await diagnose('--channel', 'private-orders.1', '--as-user', '77')
    expect(of('auth.answer')).toMatchObject({ outcome: 'unknown', causeId: 'not-asked' })
    expect(of('auth.answer').evidence).toContain('the guard web knows no user 77')
    expect(code).toBe(3)
  })
})

it('finds an app that takes the request and does not answer it', async () => {
  await using setup = await Setup.start()
  await using hanging = await Upstream.start(() => {})
  const authUrl = `${hanging.url}/broadcasting/auth`
  using scene = new Scene({ config: setup.file, authUrl })
  const check = CHECKS.find(({ id }) => id === 'auth.endpoint')
  expect(await check?.run(scene, AbortSignal.timeout(1000))).toMatchObject({
    outcome: 'critical',
    causeId: 'app-no-answer',
    evidence: [expect.any(String), expect.stringContaining('no answer: TimeoutError')],
  })
})

/** Authorises channels by this line, after `withRouting` and in place of its `channels:`. */
const broadcastBy = (line: string): Promise<void> =>
  gallery.edit('bootstrap/app.php', (text) =>
    text
      .replace(/^.*channels:.*\n/m, '')
      .replace('->withMiddleware', `${line}\n    ->withMiddleware`),
  )

describe('names the layer that refuses', () => {
  it('as nobody is logged in', async () => {
    const expired = `${ann.split('=', 1)[0]}=gone`
    const args = ['--channel', 'private-orders.1', '--cookie', expired]
    await expectFound('auth.answer', 'not-logged-in', ...args)
    const text = JSON.stringify((await diagnose(...asAnn('private-orders.2'))).results)
    expect(text).not.toContain(ann.slice(-40))
  })

  it('as it sends guests to its login page', async () => {
    await gallery.edit(
      'routes/channels.php',
      (text) =>
        `${text}\nBroadcast::routes(['prefix' => 'members', 'middleware' => ['web', 'auth']]);`,
    )
    const expired = `${ann.split('=', 1)[0]}=gone`
    const there = ['--channel', 'private-orders.1', '--auth-url', '/members/broadcasting/auth']
    const result = await expectFound('auth.answer', 'not-logged-in', ...there, '--cookie', expired)
    expect(result.evidence?.join()).toContain('/login')
    await expectWell(...there, '--cookie', ann)
  })

  it('as the channel is for users of another guard', async () => {
    const guard = "config(['auth.guards.admin' => ['driver' => 'session', 'provider' => 'users']]);"
    await gallery.edit('routes/channels.php', (text) =>
      text
        .replace('Broadcast::userRoutes();', guard)
        .replace('$order === $user->id);', "$order === $user->id, ['guards' => ['admin']]);"),
    )
    const { summary } = await expectFound(
      'auth.answer',
      'wrong-guard',
      ...asAnn('private-orders.1'),
    )
    expect(summary).toBe('The channel is for users of the guard admin.')
    await expectWell('--channel', 'private-orders.1', '--as-user', 'admin:1')
  })

  it('as a page answers in place of the app', async () => {
    await gallery.edit('routes/api.php', (text) => `${text}\nRoute::post('/page', fn () => '<p>');`)
    const args = [...asAnn('private-orders.1'), '--auth-url', '/api/page']
    await expectFound('auth.endpoint', 'html-answer', ...args)
  })

  it('as the token is none', async () => {
    const endpoint = `${gallery.laravel.url}/api/broadcasting/auth`
    const args = ['--channel', 'private-orders.1', '--token', '1|none', '--auth-url', endpoint]
    await expectFound('auth.answer', 'not-logged-in', ...args)
  })

  it('as the password is another', async () => {
    const args = ['--channel', 'private-orders.1', '--login', `${ANN.name}:none`]
    await expectFound('auth.answer', 'login-failed', ...args)
  })

  it('as the endpoint takes tokens, and the page has a session', async () => {
    const endpoint = `${gallery.laravel.url}/api/broadcasting/auth`
    const args = [...asAnn('private-orders.1'), '--auth-url', endpoint]
    await expectFound('auth.answer', 'wrong-guard', ...args)
  })

  it('as the app authorises by tokens alone, and the page has a session', async () => {
    const tokens =
      "->withBroadcasting(__DIR__.'/../routes/channels.php', ['middleware' => ['auth:sanctum']])"
    await broadcastBy(tokens)
    const args = asAnn('private-orders.1')
    const { fix } = await expectFound('auth.answer', 'wrong-guard', ...args)
    await gallery.edit('bootstrap/app.php', (text) => text.replace(tokens, fix?.paste ?? ''))
    await expectWell(...args)
  })

  it('as the endpoint takes sessions, and the client has a token', async () => {
    const token = await gallery.laravel.token(ANN)
    const args = ['--channel', 'private-orders.1', '--token', token]
    const { fix } = await expectFound('auth.answer', 'wrong-guard', ...args)
    await broadcastBy(fix?.paste ?? '')
    await expectWell(...args)
  })

  it("as the channel's callback says no", async () => {
    const { fix } = await expectFound(
      'auth.answer',
      'callback-refused',
      ...asAnn('private-orders.2'),
    )
    expect(fix?.text).toContain('routes/channels.php:22')
    const ben = await gallery.laravel.login(BEN)
    await expectWell('--channel', 'private-orders.2', '--cookie', ben)
  })

  it('as the name is written otherwise', async () => {
    const args = asAnn('private-order.1')
    const { fix, cause } = await expectFound('auth.answer', 'no-channel', ...args)
    expect(cause).toContain('orders.{order}')
    expect(fix?.text).toContain('subscribe to orders.{order}')
  })

  it.each([['private-inbox.1'], ['presence-inbox.1'], ['private-hall']])(
    'as there is no such channel: %s',
    async (channel) => {
      const { fix } = await expectFound('auth.answer', 'no-channel', ...asAnn(channel))
      await gallery.edit('routes/channels.php', (text) => `${text}\n${fix?.paste}\n`)
      await expectWell(...asAnn(channel))
      if (channel === 'private-hall') return
      const others = ['--channel', channel, '--as-user', String(BEN.id)]
      await expectFound('auth.answer', 'callback-refused', ...others)
    },
  )

  it('as the CSRF token is missing', async () => {
    const endpoint = `${gallery.laravel.url}/checked/broadcasting/auth`
    const args = [...asAnn('private-orders.1'), '--auth-url', endpoint]
    await expectWell(...args) // the page has the token, which is sent as Echo sends it
    await gallery.edit('resources/views/chat.blade.php', (text) =>
      text.replace(/^.*csrf-token.*\n/m, ''),
    )
    const { fix } = await expectFound('auth.answer', 'csrf', ...args)
    await gallery.edit('bootstrap/app.php', (text) =>
      text.replace('$middleware->remove', `${fix?.paste}\n        $middleware->remove`),
    )
    await expectWell(...args)
    await gallery.restore()
  })

  it('as the endpoint is another one', async () => {
    const args = [...asAnn('private-orders.1'), '--auth-url', '/auth']
    const { fix } = await expectFound('auth.endpoint', 'wrong-endpoint', ...args)
    const [, endpoint = ''] = /^authEndpoint: '(.+)',$/.exec(fix?.paste ?? '') ?? []
    await expectWell(...asAnn('private-orders.1'), '--auth-url', endpoint)
    const token = ['--channel', 'private-orders.1', '--token', await gallery.laravel.token(ANN)]
    const other = await expectFound(
      'auth.endpoint',
      'wrong-endpoint',
      ...token,
      '--auth-url',
      '/auth',
    )
    expect(other.fix?.paste).toBe("authEndpoint: '/api/broadcasting/auth',")
  })

  it('as the app is somewhere else', async () => {
    await gallery.env({ APP_URL: 'http://127.0.0.1:1' })
    await expectFound('auth.endpoint', 'app-unreachable', ...asAnn('private-orders.1'))
  })

  it('as a callback throws', async () => {
    const { evidence } = await expectFound('auth.answer', 'exception', ...asAnn('private-broken'))
    const thrown = 'thrown: RuntimeException: The callback fails. at routes/channels.php:30'
    expect(evidence).toContain(thrown)
    const inPhp = ['--as-user', '1', '--channel', 'private-broken']
    expect((await expectFound('auth.answer', 'exception', ...inPhp)).evidence).toContain(thrown)
  })

  it('as a callback throws, and the app may not say what', async () => {
    await gallery.env({ APP_DEBUG: 'false' })
    const { evidence } = await expectFound('auth.answer', 'exception', ...asAnn('private-broken'))
    expect(evidence).toContain('thrown: RuntimeException at routes/channels.php:30')
  })

  it('as the app prints something into its answer', async () => {
    await gallery.edit('routes/channels.php', (text) =>
      text.replace('$order === $user->id', '(print "checking") && $order === $user->id'),
    )
    const { cause } = await expectFound('auth.answer', 'noise', ...asAnn('private-orders.1'))
    expect(cause).toContain('"checking"')
    await gallery.restore()
    await expectWell(...asAnn('private-orders.1'))
  })

  it('as the driver is log', async () => {
    await gallery.env({ BROADCAST_CONNECTION: 'log' })
    const { of } = await diagnose(...asAnn('private-orders.1'))
    expect(of('auth.endpoint').causeId).toBe('empty-answer')
    await gallery.paste(of('auth.endpoint'))
    await expectWell(...asAnn('private-orders.1'))
  })

  it('as the driver is redis, and pages do not ask the bridge', async () => {
    await gallery.env({ BROADCAST_CONNECTION: 'redis' })
    const args = asAnn('private-orders.1')
    const { fix } = await expectFound('auth.answer', 'redis-without-bridge', ...args)
    expect(fix?.paste).toBe("authEndpoint: '/apps/my-app/auth',")
  })
})

describe('finds a signature that is not good:', () => {
  it('by another secret', async () => {
    await gallery.env({ REVERB_APP_SECRET: 'another-secret-of-the-app' })
    const { fix } = await expectFound(
      'auth.signature',
      'wrong-secret',
      ...asAnn('private-orders.1'),
    )
    expect(fix).toMatchObject({ into: `${gallery.laravel.directory}/.env` })
    await gallery.env({ REVERB_APP_SECRET: GALLERY_APP.secret }) // it is not shown
    await expectWell(...asAnn('private-orders.1'))
  })

  it('by another app', async () => {
    await gallery.env({ REVERB_APP_KEY: 'other' })
    const args = asAnn('private-orders.1')
    await gallery.paste(await expectFound('auth.signature', 'signed-by-another-app', ...args))
    await expectWell(...args)
  })

  it('of a member who is nobody to see', async () => {
    const { of, code } = await diagnose(...asAnn('presence-lobby'))
    expect(of('auth.signature')).toMatchObject({
      outcome: 'warning',
      causeId: 'member-without-info',
    })
    expect(code).toBe(1)
    await gallery.edit('routes/channels.php', (text) =>
      text.replace("'lobby', fn () => true", `'lobby', ${of('auth.signature').fix?.paste}`),
    )
    await expectWell(...asAnn('presence-lobby'))
  })

  it('of a member that is too large', async () => {
    gallery.configure({ limits: { presenceMemberBytes: 20 } })
    const { fix } = await expectFound('auth.signature', 'member-size', ...asAnn('presence-chat.1'))
    gallery.configure({ limits: JSON.parse(`{${fix?.paste}}`) })
    await expectWell(...asAnn('presence-chat.1'))
  })

  it('without a key for the encrypted channel', async () => {
    const args = asAnn('private-encrypted-secrets.1')
    const { fix } = await expectFound('auth.answer', 'no-master-key', ...args)
    const key = await gallery.shell(fix?.paste ?? '')
    await gallery.env({ BROADCAST_ENCRYPTION_KEY: key.trim() })
    await expectWell(...args)
  })

  it('with a key that is none', async () => {
    await gallery.env({ BROADCAST_ENCRYPTION_KEY: Buffer.alloc(16).toString('base64') })
    await expectFound('config.app', 'no-master-key', ...asAnn('private-encrypted-secrets.1'))
  })
})

describe('between origins', () => {
  /** What stands in front of the app at another address, and adds headers to its answers. */
  let headers: Readonly<Record<string, string>> = {}
  let redirect: string | undefined
  let front: Server
  let origin: string
  beforeAll(async () => {
    front = createServer((request, response) => {
      const { url = '', method } = request
      if (redirect !== undefined) return response.writeHead(301, { location: redirect + url }).end()
      if (method === 'OPTIONS') return response.writeHead(204, headers).end()
      return response.writeHead(403, { ...headers, 'content-type': 'text/html' }).end('<p>')
    })
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
  })
  afterAll(() => new Promise((resolve) => front.close(resolve)))

  const args = (): readonly string[] => ['--auth-url', `${origin}/broadcasting/auth`]
  const allowed = () => ({
    'access-control-allow-origin': gallery.laravel.url,
    'access-control-allow-headers': 'Content-Type, X-CSRF-TOKEN',
  })

  it('finds that Laravel itself answers no preflight', async () => {
    await gallery.env({ APP_URL: 'http://chat.example.com' })
    const endpoint = `${gallery.laravel.url}/broadcasting/auth`
    const { fix } = await expectFound('auth.cors', 'cors-origin', '--auth-url', endpoint)
    expect(fix?.text).toContain('php artisan config:publish cors')
    await gallery.laravel.artisan('config:publish', 'cors')
    await gallery.edit('bootstrap/app.php', (text) => text.replace(/^.*remove\(HandleCors.*$/m, ''))
    await gallery.edit('config/cors.php', (text) =>
      (fix?.paste ?? '').split('\n').reduce((file, line) => {
        const [name] = line.split(' ', 1)
        return file.replace(new RegExp(`^.*${name} =>.*$`, 'm'), line)
      }, text),
    )
    const { of } = await diagnose('--auth-url', endpoint)
    expect(of('auth.cors').outcome).toBe('ok')
    await rm(path.join(gallery.laravel.directory, 'config/cors.php'))
  })

  it.each([
    [
      'cors-origin',
      () => ({ ...allowed(), 'access-control-allow-origin': 'http://other.example' }),
    ],
    ['cors-headers', () => ({ ...allowed(), 'access-control-allow-headers': 'Content-Type' })],
  ])('finds %s', async (causeId, wrong) => {
    headers = wrong()
    await expectFound('auth.cors', causeId, ...args())
    headers = allowed()
    const { of } = await diagnose(...args())
    expect(of('auth.cors').outcome).toBe('ok')
  })

  it('finds that no cookie goes to another origin', async () => {
    headers = allowed()
    await expectFound('auth.cors', 'cookies-cross-origin', ...args(), ...asAnn('private-orders.1'))
  })

  it('finds a redirect to https, which loses what was posted', async () => {
    redirect = 'https://chat.example.com'
    const { fix } = await expectFound('auth.endpoint', 'redirect-to-https', ...args())
    expect(fix?.paste).toBe('APP_URL=https://chat.example.com')
    redirect = undefined
  })

  it('finds a redirect to where the app really is, and the pasted address is that', async () => {
    await gallery.env({ APP_URL: origin })
    redirect = gallery.laravel.url
    const channel = asAnn('private-orders.1')
    await gallery.paste(await expectFound('auth.endpoint', 'redirect-to-host', ...channel))
    await expectWell(...channel)
    redirect = undefined
  })
})
