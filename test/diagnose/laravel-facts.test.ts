/** What `diagnose` learns of a Laravel app: by the app itself, in each version, and of its JavaScript. */
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { echoesIn } from '../../src/diagnose/laravel/assets.ts'
import { laravelFacts } from '../../src/diagnose/laravel/facts.ts'
import { askPhp } from '../../src/diagnose/laravel/php.ts'
import { Directory } from '../support/directory.ts'
import { serveLaravel } from '../support/laravel.ts'
import { LARAVEL_VERSIONS } from '../support/laravel-files.ts'

describe.each(LARAVEL_VERSIONS)('Laravel %s', (version) => {
  it('tells its connection, routes and channels, and of a secret only what compares it', async () => {
    await using laravel = await serveLaravel(version)
    const secret = 'a-secret-that-stays-in-the-app'
    const driver = version === '9' ? 'BROADCAST_DRIVER=redis' : 'BROADCAST_CONNECTION=reverb'
    await laravel.configure(`${driver}\nREVERB_APP_KEY=my-key\nREVERB_APP_SECRET=${secret}`)
    const { env, ...facts } = await laravelFacts(laravel.directory)
    expect(facts).toMatchObject({ source: 'php', fault: undefined, printed: '' })
    const { app } = facts
    expect(app.version).toMatch(new RegExp(`^${version}\\.`))
    expect(app.routes.map(({ path }) => path)).toContain('/broadcasting/auth')
    expect(app.channels.map(({ pattern }) => pattern)).toContain('orders.{order}')
    expect(app.redis.prefix).toMatch(/^chat[-_]room[-_]database[-_]$/)
    expect(env.get('REVERB_APP_SECRET')?.value).toBe(secret)
    expect(JSON.stringify(facts)).not.toContain(secret)
  })
})

describe('PHP is not waited for', () => {
  it('where it has no end', async () => {
    const signal = AbortSignal.timeout(300)
    using directory = new Directory({ 'vendor/autoload.php': '<?php while (true);' })
    const told = await askPhp({ directory: directory.path, script: 'return 1;', signal })
    expect(told).toMatchObject({ fault: { reason: 'timeout' } })
  })

  it('and an app that ends it is told as one that does not start', async () => {
    using directory = new Directory({ 'vendor/autoload.php': '<?php exit("bye");' })
    const told = await askPhp({ directory: directory.path, script: 'return 1;' })
    expect(told).toMatchObject({ fault: { reason: 'exception' } })
  })

  it('without packages', async () => {
    using directory = new Directory()
    const told = await askPhp({ directory: directory.path, script: 'return 1;' })
    expect(told).toMatchObject({ fault: { reason: 'no-vendor' } })
  })
})

describe('options of Echo are found in minified code', () => {
  const minified = async (code: string): Promise<string> => {
    const { outputFiles } = await build({
      stdin: { contents: code },
      minify: true,
      bundle: true,
      write: false,
    })
    return outputFiles[0]?.text ?? ''
  }
  const found = async (code: string) => echoesIn('app.js', await minified(code))

  it('as Echo is set up', async () => {
    const code = `window.Echo = new window.Other({
      broadcaster: 'reverb', key: 'my-key', wsHost: 'ws.example.com', wsPort: '80', wssPort: '443',
      forceTLS: ('https' ?? 'https') === 'https', authEndpoint: '/api/broadcasting/auth',
      auth: { headers: { Accept: 'a}b' } },
    })`
    expect(await found(code)).toEqual([
      {
        file: 'app.js',
        broadcaster: 'reverb',
        key: 'my-key',
        host: 'ws.example.com',
        port: '80',
        securePort: '443',
        forceTls: true,
        cluster: undefined,
        authEndpoint: '/api/broadcasting/auth',
      },
    ])
  })

  it('as a build without its variables leaves them', async () => {
    const code = "globalThis.Echo = { broadcaster: 'pusher', key: undefined, cluster: 'eu' }"
    expect(await found(code)).toMatchObject([{ broadcaster: 'pusher', key: '', cluster: 'eu' }])
  })

  it('as it is given to pusher-js', async () => {
    const code =
      "new window.Pusher('my-key', { cluster: '', wsHost: '127.0.0.1', forceTLS: false })"
    expect(await found(code)).toMatchObject([{ key: 'my-key', host: '127.0.0.1', forceTls: false }])
  })

  it('and nothing is, where there is none', async () => {
    expect(await found("globalThis.other = { key: 'x', host: 'y' }")).toEqual([])
  })
})
