import { appendFile, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exitCodeOf } from '../../src/diagnose/run.ts'
import { Diagnosed } from '../support/diagnosis.ts'
import { freePort } from '../support/free-port.ts'

let diagnosed: Diagnosed
beforeAll(async () => {
  diagnosed = await Diagnosed.start()
})
afterAll(() => diagnosed[Symbol.asyncDispose]())

async function diagnose() {
  const results = await diagnosed.diagnose({ only: ['delivery.webhooks'], skip: ['config'] })
  return { found: results['delivery.webhooks'], code: exitCodeOf(Object.values(results)) }
}

/** Has the app told at this path of it, or at a URL. */
const tell = (where: string, more: object = { allowPrivateAddress: true }): Promise<void> =>
  diagnosed.reconfigure({
    webhooks: [{ url: new URL(where, diagnosed.laravel.url).href, ...more }],
  })

it('a webhook that takes what it is sent is well, and has nothing to do', async () => {
  await tell('/api/webhooks')
  const { found, code } = await diagnose()
  expect(found).toMatchObject({ outcome: 'ok' })
  expect(code).toBe(0)
  expect(await diagnosed.laravel.request('GET', '/webhooks')).toEqual([])
})

it('no webhooks are no fault', async () => {
  await diagnosed.reconfigure({ webhooks: [] })
  expect((await diagnose()).found).toMatchObject({ outcome: 'skip' })
})

it.each([
  ['webhook-csrf', 'a route for forms', () => '/login'],
  ['webhook-not-found', 'no route', () => '/api/nowhere'],
  ['webhook-answer', 'a page that shows an error', () => '/up'],
  ['webhook-unreachable', 'nobody', async () => `http://127.0.0.1:${await freePort()}/`],
])('%s: %s is at its address', async (causeId, _what, where) => {
  await tell(await where())
  const { found, code } = await diagnose()
  expect(found).toMatchObject({ outcome: 'critical', causeId })
  expect(code).toBe(2)
})

it('webhook-csrf: a route for pages takes it when its path is excepted', async () => {
  const file = (name: string): string => path.join(diagnosed.laravel.directory, name)
  await appendFile(
    file('routes/web.php'),
    "Route::post('/hooks', fn () => response()->noContent());",
  )
  await tell('/hooks')
  const { found } = await diagnose()
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'webhook-csrf' })
  const before = await readFile(file('bootstrap/app.php'), 'utf8')
  const line = '$middleware->remove('
  await writeFile(
    file('bootstrap/app.php'),
    before.replace(line, `${found?.fix?.paste}\n        ${line}`),
  )
  expect((await diagnose()).found).toMatchObject({ outcome: 'ok' })
})

it('webhook-refused: an app that knows another secret refuses the signature', async () => {
  await diagnosed.configure('REVERB_APP_SECRET=another')
  await tell('/api/webhooks')
  const { found } = await diagnose()
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'webhook-refused' })
  await diagnosed.configure()
  expect((await diagnose()).found).toMatchObject({ outcome: 'ok' })
})

it('webhook-method: a route that takes no POST is at its address', async () => {
  await diagnosed.configure('APP_DEBUG=false')
  await tell('/up')
  expect((await diagnose()).found).toMatchObject({ outcome: 'critical', causeId: 'webhook-method' })
  await diagnosed.configure()
})
