/** Whom the app's PHP runs as, and to whom belongs what it writes. */
import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { critical, type Diagnosis, diagnosis, found } from '../support/breakable.ts'
import { layOut, ownPackages } from '../support/laravel-files.ts'

const shell = promisify(execFile)

const isRoot = process.getuid?.() === 0

/** As on most servers; who is not root owns the app as well as the test. */
const OWNER = isRoot ? 'www-data' : undefined

/** Providers, routes and caches of real apps write as well. */
const WRITES = "\ncache()->store('file')->put('seen', 'now');\n"

let directory: string
let cache: string
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'resound-laravel-'))
  await layOut(directory, '12')
  // The shared packages are for whoever runs the tests: this app has its own.
  await ownPackages(directory)
  cache = path.join(directory, 'storage/framework/cache')
  await appendFile(path.join(directory, 'routes/channels.php'), WRITES)
  const lines = [
    'APP_ENV=local',
    'BROADCAST_CONNECTION=reverb',
    ...['APP_ID', 'APP_KEY', 'APP_SECRET', 'HOST'].map((name) => `REVERB_${name}=x`),
  ]
  await writeFile(path.join(directory, '.env'), lines.join('\n'))
  if (OWNER !== undefined) await shell('chown', ['-R', '-h', `${OWNER}:${OWNER}`, directory])
})
afterAll(() => rm(directory, { recursive: true }))
beforeEach(() => rm(path.join(cache, 'data'), { recursive: true, force: true }))

const diagnose = (): Promise<Diagnosis> =>
  diagnosis({ laravel: directory }, { only: ['config.app'] })

/** Who owns the files that were written: each once. */
async function owners(): Promise<readonly number[]> {
  const all = await readdir(cache, { recursive: true })
  return [...new Set(all.map((name) => statSync(path.join(cache, name)).uid))]
}

/** Of the app: not root. */
const owner = (): number => {
  const [, uid] =
    new RegExp(`^${OWNER}:[^:]*:(\\d+)`, 'm').exec(readFileSync('/etc/passwd', 'utf8')) ?? []
  return OWNER === undefined ? (process.getuid?.() ?? -1) : Number(uid)
}

it('what the app writes while it is asked belongs to its owner', async () => {
  const seen = (await diagnose()).of('config.app')
  expect(seen).toMatchObject({ outcome: 'ok' })
  expect(seen.evidence).toEqual(
    isRoot ? ['PHP ran as www-data, to whom artisan belongs'] : undefined,
  )
  expect(await owners()).toEqual([owner()])
})

it('and so does what a pasted command writes', async () => {
  await writeFile(path.join(directory, 'storage/framework/down'), '{}')
  if (OWNER !== undefined)
    await shell('chown', [OWNER, path.join(directory, 'storage/framework/down')])
  const broken = await diagnose()
  expect(found(broken, 'config.app')).toEqual(critical('maintenance'))
  await rm(path.join(cache, 'data'), { recursive: true, force: true })
  const { paste = '' } = broken.of('config.app').fix ?? {}
  expect(paste.startsWith('su ')).toBe(isRoot)
  await shell('sh', ['-c', paste])
  expect(await owners()).toEqual([owner()])
  expect((await diagnose()).of('config.app').outcome).toBe('ok')
})
