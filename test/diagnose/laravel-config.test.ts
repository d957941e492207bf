/** What the area `config` finds in a Laravel app whose configuration is broken in one way. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { diagnosis } from '../support/breakable.ts'
import { Directory } from '../support/directory.ts'
import { type Diagnosis, GALLERY_APP, Gallery } from '../support/gallery.ts'
import { serveLaravel } from '../support/laravel.ts'

let gallery: Gallery
beforeAll(async () => {
  gallery = await Gallery.start()
})
afterAll(() => gallery[Symbol.asyncDispose]())
afterEach(() => gallery.restore())

const diagnose = (): Promise<Diagnosis> => gallery.diagnose('--only', 'config')
const file = (name: string): string => path.join(gallery.laravel.directory, name)

async function expectWell(): Promise<void> {
  const { code, results } = await diagnose()
  const unwell = results.filter(({ outcome }) => outcome !== 'ok' && outcome !== 'skip')
  expect(unwell).toEqual([])
  expect(code).toBe(0)
}

async function expectFound(id: string, causeId: string): Promise<Diagnosis> {
  const diagnosis = await diagnose()
  expect(diagnosis.of(id)).toMatchObject({ outcome: 'critical', causeId })
  expect(diagnosis.code).toBe(2)
  return diagnosis
}

/** Expects the one cause, does what is to be pasted, and expects that all is well. */
async function expectCure(id: string, causeId: string): Promise<void> {
  const { of } = await expectFound(id, causeId)
  await gallery.paste(of(id))
  await expectWell()
}

it('is well where nothing is broken', async () => {
  await expectWell()
  const { of } = await diagnose()
  expect(of('config.app').summary).toMatch(
    /^Laravel 12\.[\d.]+ starts, in the environment local\.$/,
  )
  expect(of('config.channels').summary).toBe('/api/broadcasting/auth authorises 7 channels.')
})

it('reads the files alone where there is no PHP, and says so', async () => {
  const { PATH } = process.env
  process.env['PATH'] = ''
  try {
    const { code, of } = await diagnose()
    expect(of('config.app').summary).toMatch(/is read from its files alone, as PHP cannot be run/)
    expect(of('config.credentials').outcome).toBe('ok')
    expect(of('config.channels').summary).toBe('routes/channels.php names 7 channels.')
    expect(code).toBe(0)
  } finally {
    process.env['PATH'] = PATH
  }
})

it('leaves the app as it is, the caches that Laravel makes for itself included', async () => {
  await rm(file('bootstrap/cache'), { recursive: true })
  await mkdir(file('bootstrap/cache'))
  const before = await contents()
  await expectWell()
  expect(await contents()).toEqual(before)

  async function contents(): Promise<ReadonlyMap<string, string>> {
    const found = await readdir(gallery.laravel.directory, { recursive: true, withFileTypes: true })
    const names = found
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
    const sums = names.map(async (name) => {
      const sum = createHash('sha256')
        .update(await readFile(name))
        .digest('hex')
      return [name, sum] as const
    })
    return new Map(await Promise.all(sums))
  }
})

describe.each([
  ['the log driver', 'config.driver', 'log-driver', { BROADCAST_CONNECTION: 'log' }],
  ['the null driver', 'config.driver', 'null-driver', { BROADCAST_CONNECTION: 'null' }],
  [
    'the variable of before Laravel 11',
    'config.driver',
    'driver-variable',
    { BROADCAST_CONNECTION: undefined, BROADCAST_DRIVER: 'reverb' },
  ],
  [
    'a connection that is not there',
    'config.app',
    'unknown-connection',
    { BROADCAST_CONNECTION: 'resound' },
  ],
  ['another id', 'config.credentials', 'wrong-id', { REVERB_APP_ID: 'other' }],
  ['another key', 'config.credentials', 'wrong-key', { REVERB_APP_KEY: 'other' }],
  [
    'another id and key',
    'config.credentials',
    'unknown-app',
    { REVERB_APP_ID: 'other', REVERB_APP_KEY: 'other' },
  ],
  [
    'a host with a scheme',
    'config.address',
    'host-not-bare',
    { REVERB_HOST: 'http://127.0.0.1', VITE_REVERB_HOST: '127.0.0.1' },
  ],
  [
    'the host of pusher.com',
    'config.address',
    'pusher-com',
    { REVERB_HOST: 'api-eu.pusher.com', VITE_REVERB_HOST: '127.0.0.1' },
  ],
  [
    'no host',
    'config.address',
    'host-missing',
    { REVERB_HOST: undefined, VITE_REVERB_HOST: '127.0.0.1' },
  ],
  ['another port', 'config.address', 'wrong-port', { REVERB_PORT: '1' }],
  [
    'https on port 80',
    'config.address',
    'scheme-and-port',
    { REVERB_SCHEME: 'https', REVERB_PORT: '80' },
  ],
  ['https without TLS', 'config.address', 'https-to-http', { REVERB_SCHEME: 'https' }],
] as const)('with %s', (_, id, causeId, lines) => {
  it(`finds ${causeId}, and what to paste`, async () => {
    await gallery.env(lines)
    await expectCure(id, causeId)
  })
})

it('finds a driver that sends to pusher.com, as no host is named', async () => {
  const { id, key, secret } = GALLERY_APP
  await gallery.env({
    BROADCAST_CONNECTION: 'pusher',
    PUSHER_APP_ID: id,
    PUSHER_APP_KEY: key,
    PUSHER_APP_SECRET: secret,
    PUSHER_APP_CLUSTER: 'eu',
  })
  await expectCure('config.address', 'publishes-to-pusher')
})

it('finds another secret, and shows neither', async () => {
  await gallery.env({ REVERB_APP_SECRET: 'another-secret-of-the-app' })
  const diagnosis = await expectFound('config.credentials', 'wrong-secret')
  const printed = JSON.stringify(diagnosis.results)
  expect(printed).not.toContain('another-secret-of-the-app')
  expect(printed).not.toContain(GALLERY_APP.secret)
  const { fix } = diagnosis.of('config.credentials')
  expect(fix?.text).toContain('into REVERB_APP_SECRET')
  await gallery.env({ REVERB_APP_SECRET: GALLERY_APP.secret }) // as it says, since it is not shown
  await expectWell()
})

it('finds credentials that are missing', async () => {
  await gallery.env({ REVERB_APP_SECRET: undefined })
  const { of } = await expectFound('config.credentials', 'credentials-missing')
  expect(of('config.credentials').cause).toContain('REVERB_APP_SECRET')
})

it('warns of a secret that is being replaced', async () => {
  const secret = 'a-new-secret-of-many-characters'
  gallery.configure({ apps: [{ ...GALLERY_APP, secret, previousSecret: GALLERY_APP.secret }] })
  const { code, of } = await diagnose()
  expect(of('config.credentials')).toMatchObject({
    outcome: 'warning',
    causeId: 'previous-secret',
  })
  expect(code).toBe(1)
})

describe('the app', () => {
  it('may not start', async () => {
    await gallery.edit('routes/channels.php', (text) => `${text}\nnoSuchFunction();`)
    const { of } = await expectFound('config.app', 'app-broken')
    expect(of('config.app').evidence).toContain('Call to undefined function noSuchFunction()')
    expect(of('config.driver')).toMatchObject({ outcome: 'not-tested', because: 'config.app' })
    await gallery.restore()
    await expectWell()
  })

  it('may print something in front of every answer', async () => {
    await gallery.edit('config/broadcasting.php', (text) => `to do\n${text}`)
    const { of } = await expectFound('config.app', 'printed-output')
    const { paste = '' } = of('config.app').fix ?? {}
    await expect(
      gallery.shell(`${paste} | grep -qx config/broadcasting.php`),
    ).resolves.not.toThrow()
    await gallery.restore()
    await expectWell()
  })

  it('may be down for maintenance', async () => {
    await gallery.laravel.artisan('down')
    await expectCure('config.app', 'maintenance')
  })

  it('may run from configuration that was cached before', async () => {
    await gallery.env({ REVERB_APP_KEY: 'before' })
    await gallery.laravel.artisan('config:cache')
    await gallery.env()
    const { of } = await diagnose()
    expect(of('config.cache').evidence).toContain(
      'broadcasting.connections.reverb.key differs: before cached, my-key in the files',
    )
    await expectCure('config.cache', 'stale-config-cache')
  })

  it('may run from cached configuration that is what its files say', async () => {
    await gallery.laravel.artisan('config:cache')
    await expectWell()
    await gallery.laravel.artisan('config:clear')
  })

  it('may not load its channels', async () => {
    await gallery.edit('bootstrap/app.php', (text) => text.replace(/^.*channels:.*\n/m, ''))
    const { of } = await expectFound('config.channels', 'channels-not-loaded')
    await routedBy(of('config.channels').fix)
    await expectWell()
  })

  it('may have no route that authorises channels', async () => {
    await gallery.edit('bootstrap/app.php', (text) => text.replace(/^.*channels:.*\n/m, ''))
    await gallery.edit('routes/tokens.php', (text) => text.replaceAll(/Broadcast::.*;/g, ''))
    await gallery.edit('routes/web.php', (text) =>
      text.replaceAll(/^.*broadcasting\/auth.*$/gm, ''),
    )
    const { of } = await expectFound('config.channels', 'routes-missing')
    await routedBy(of('config.channels').fix)
    await expectWell()
  })

  /** Pastes a line where it says. */
  async function routedBy(fix: Diagnosis['results'][number]['fix']): Promise<void> {
    expect(fix?.into).toBe('bootstrap/app.php, in ->withRouting(')
    await gallery.edit('bootstrap/app.php', (text) =>
      text.replace('->withRouting(', `->withRouting(\n        ${fix?.paste}`),
    )
  }

  it('may run from routes that were cached before', async () => {
    await gallery.edit('routes/web.php', (text) => text.replace(/^.*broadcasting\/auth.*$/m, ''))
    await gallery.laravel.artisan('route:cache')
    await gallery.restore()
    await expectCure('config.cache', 'stale-route-cache')
  })
})

it('has the provider pasted that loads the channels of an app before Laravel 11', async () => {
  await using laravel = await serveLaravel('9')
  await laravel.configure('BROADCAST_DRIVER=redis')
  using directory = new Directory({ 'resound.json': { apps: [GALLERY_APP] } })
  const options = { config: directory.file('resound.json'), laravel: laravel.directory }
  const channels = async () =>
    (await diagnosis(options, { only: ['config.channels'] })).of('config.channels')
  const providers = path.join(laravel.directory, 'config/app.php')
  const before = await readFile(providers, 'utf8')
  const line = 'App\\Providers\\BroadcastServiceProvider::class,'
  const without = before.replace(`        ${line}\n`, '')
  await writeFile(providers, without)
  const { outcome, fix } = await channels()
  expect(outcome).toBe('critical')
  expect(fix?.into).toBe("config/app.php, in 'providers'")
  const next = 'App\\Providers\\RouteServiceProvider::class,'
  await writeFile(
    providers,
    without.replace(next, () => `${fix?.paste}\n        ${next}`),
  )
  expect(await channels()).toMatchObject({ outcome: 'ok' })
})

describe('the server', () => {
  it.each([
    ['stands in examples', 'well-known-secret', [{ ...GALLERY_APP, secret: 'app-secret' }]],
    ['is its key', 'well-known-secret', [{ ...GALLERY_APP, secret: 'my-key' }]],
    ['is short', 'short-secret', [{ ...GALLERY_APP, secret: '0f3c9d1e5b' }]],
    [
      'is that of another app',
      'shared-secret',
      [GALLERY_APP, { ...GALLERY_APP, id: '2', key: '2' }],
    ],
  ])('may have a secret that %s', async (_, causeId, apps) => {
    gallery.configure({ apps })
    const { code, of } = await gallery.diagnoseAlone('--only', 'config')
    expect(of('config.secrets')).toMatchObject({ outcome: 'warning', causeId })
    expect(code).toBe(1)
    const { paste = '' } = of('config.secrets').fix ?? {}
    const renewed = apps.map(async (app) => ({
      ...app,
      secret: (await gallery.shell(paste)).trim(),
    }))
    gallery.configure({ apps: await Promise.all(renewed) })
    expect((await gallery.diagnoseAlone('--only', 'config.secrets')).code).toBe(0)
  })

  it.each([
    ['event-bytes', { eventBytes: 4096 }],
    ['message-bytes', { messageBytes: 10_240 }],
  ])('may have limits that do not fit: %s', async (causeId, limits) => {
    gallery.configure({ limits })
    const { code, of } = await gallery.diagnoseAlone('--only', 'config')
    expect(of('config.limits')).toMatchObject({ outcome: 'warning', causeId })
    expect(code).toBe(1)
    const pasted = JSON.parse(`{${of('config.limits').fix?.paste}}`)
    gallery.configure({ limits: { ...limits, ...pasted } })
    expect((await gallery.diagnoseAlone('--only', 'config')).code).toBe(0)
  })
})
