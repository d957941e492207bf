/** What the PHP of an app lacks: extensions, packages, the right time. */
import { execFile } from 'node:child_process'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Result } from '../../src/diagnose/run.ts'
import { Diagnosed } from '../support/diagnosis.ts'
import { ownPackages } from '../support/laravel-files.ts'
import { phpWithout } from '../support/php-extensions.ts'

const shell = promisify(execFile)

let diagnosed: Diagnosed
beforeAll(async () => {
  diagnosed = await Diagnosed.start()
})
afterAll(() => diagnosed[Symbol.asyncDispose]())
beforeEach(() => diagnosed.configure())

const file = (name: string): string => path.join(diagnosed.laravel.directory, name)

const diagnose = async (id: string, skip: readonly string[] = []): Promise<Result> =>
  (await diagnosed.diagnose({ only: [id], skip }))[id] as Result

/** What the app sends itself, whatever its configuration says of it. */
const sent = (): Promise<Result> => diagnose('delivery.php', ['config'])

describe('without an extension', () => {
  it('no-curl: the SDK that sends events says so, and is heard', async () => {
    {
      using _ = phpWithout('curl')
      expect(await diagnose('config.app')).toMatchObject({
        outcome: 'critical',
        causeId: 'no-curl',
      })
      const found = await sent()
      expect(found).toMatchObject({ outcome: 'critical', causeId: 'no-curl' })
      expect(found.fix?.paste).toBe('apt install php-curl') // which would change this machine
    }
    expect(await diagnose('delivery.php')).toMatchObject({ outcome: 'ok' })
  })

  it('no-phpredis: a queue in Redis cannot be reached', async () => {
    await diagnosed.configure('QUEUE_CONNECTION=redis', 'REDIS_CLIENT=phpredis')
    using _ = phpWithout('redis')
    const found = await diagnose('delivery.queue', ['config', 'delivery.php'])
    expect(found).toMatchObject({ outcome: 'critical', causeId: 'no-phpredis' })
    expect(found.fix?.paste).toBe('apt install php-redis') // which would change this machine
  })
})

describe('without a package', () => {
  /** Where Composer gets packages from: those that are there, as if they came from a registry. */
  let registry: string
  beforeAll(async () => {
    registry = file('registry')
    await serveInstalled()
  })

  it('sdk-missing: the SDK is installed by what is pasted', { timeout: 60_000 }, async () => {
    await rm(file('vendor/pusher'), { recursive: true })
    const found = await diagnose('config.app')
    expect(found).toMatchObject({ outcome: 'critical', causeId: 'sdk-missing' })
    expect(await sent()).toMatchObject({ outcome: 'critical', causeId: 'no-pusher-sdk' })
    await pasted(found)
    expect(await diagnose('delivery.php')).toMatchObject({ outcome: 'ok' })
  })

  it('no-predis: the client of Redis is installed by what is pasted', {
    timeout: 60_000,
  }, async () => {
    await diagnosed.configure('QUEUE_CONNECTION=redis', 'REDIS_CLIENT=predis', 'REDIS_PORT=1')
    await rm(file('vendor/predis'), { recursive: true })
    const queued = (): Promise<Result> => diagnose('delivery.queue', ['config', 'delivery.php'])
    const found = await queued()
    expect(found).toMatchObject({ outcome: 'critical', causeId: 'no-predis' })
    await pasted(found)
    expect(await queued()).toMatchObject({ causeId: 'php-unreachable' }) // there is no Redis here
  })

  const pasted = async ({ fix }: Result): Promise<void> => {
    expect(fix?.into).toBe('shell')
    const env = { ...process.env, COMPOSER_ALLOW_SUPERUSER: '1', COMPOSER_NO_INTERACTION: '1' }
    await shell('sh', ['-c', fix?.paste ?? ''], { env, timeout: 50_000 })
  }

  /** The app gets packages of its own, and installs them from copies of them. */
  async function serveInstalled(): Promise<void> {
    await ownPackages(diagnosed.laravel.directory)
    const installed = JSON.parse(await readFile(file('vendor/composer/installed.json'), 'utf8'))
    const packages: Record<string, object> = {}
    for (const { 'install-path': _, ...one } of installed.packages) {
      packages[one.name] = { [one.version]: one }
      if (!/^(pusher|predis)\//.test(one.name)) continue
      const url = path.join(registry, one.name)
      await cp(file(`vendor/${one.name}`), url, { recursive: true })
      one.source = undefined
      one.dist = { type: 'path', url, reference: one.version }
      one['transport-options'] = { symlink: false }
    }
    await writeFile(path.join(registry, 'packages.json'), JSON.stringify({ packages }))
    const manifest = JSON.parse(await readFile(file('composer.json'), 'utf8'))
    manifest.repositories = [
      { type: 'composer', url: `file://${registry}` },
      { 'packagist.org': false },
    ]
    manifest.config.lock = true
    await writeFile(file('composer.json'), JSON.stringify(manifest))
  }
})

describe('with another time', () => {
  /** In front of the app, on a machine whose clock may be late. */
  let front: Server
  let lateSeconds = 0
  beforeAll(async () => {
    const { hostname, port } = new URL(diagnosed.laravel.url)
    front = createServer((asked, answer) => {
      const { method, url, headers } = asked
      const onward = request({ hostname, port, method, path: url, headers }, (got) => {
        const date = new Date(Date.now() - 1000 * lateSeconds).toUTCString()
        answer.writeHead(got.statusCode ?? 502, { ...got.headers, date })
        got.pipe(answer)
      })
      asked.pipe(onward)
    })
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => new Promise((resolve) => front.close(resolve)))

  it("clocks-apart: the app's is late, by what its web server says", async () => {
    const { port } = front.address() as AddressInfo
    await diagnosed.configure(`APP_URL=http://127.0.0.1:${port}`)
    for (const [late, expected] of [
      [400, { outcome: 'warning', causeId: 'clocks-apart' }],
      [900, { outcome: 'critical', causeId: 'clocks-apart' }],
    ] as const) {
      lateSeconds = late
      const found = await diagnose('server.clock')
      expect(found).toMatchObject(expected)
      expect(found.summary).toMatch(/ahead of that of the Laravel app\.$/)
      expect(found.fix?.paste).toBe('timedatectl set-ntp true') // which would change this machine
    }
    lateSeconds = 0
    expect(await diagnose('server.clock')).toMatchObject({ outcome: 'ok' })
  })

  it('clock-skew: an event that PHP signs at another time is refused', async () => {
    // What the SDK takes for the time: on a machine of its own that would be the machine's.
    const clock = '<?php namespace Pusher; function time() { return \\time() - 900; }'
    await writeFile(file('bootstrap/late.php'), clock)
    const before = await readFile(file('bootstrap/app.php'), 'utf8')
    await writeFile(
      file('bootstrap/app.php'),
      before.replace('<?php', "<?php require __DIR__.'/late.php';"),
    )
    const found = await sent()
    expect(found).toMatchObject({ outcome: 'critical', causeId: 'clock-skew' })
    expect(found.evidence?.join()).toContain('auth_timestamp')
    expect(found.fix?.paste).toBe('timedatectl set-ntp true') // which would change this machine
    await writeFile(file('bootstrap/app.php'), before)
    expect(await sent()).toMatchObject({ outcome: 'ok' })
  })
})
