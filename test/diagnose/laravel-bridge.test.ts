/** What the area `auth` finds where pages ask this server's bridge, as the redis driver needs it. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { Gallery } from '../support/gallery.ts'
import { ANN } from '../support/laravel.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

let redis: TestRedis
let gallery: Gallery
let env: Readonly<Record<string, string>>
beforeAll(async () => {
  redis = await startRedis()
  env = { BROADCAST_CONNECTION: 'redis', REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) }
  gallery = await Gallery.start(({ url }) => ({
    laravel: { authUrl: url, authPath: '/api/broadcasting/auth' },
  }))
  await gallery.env(env)
})
afterAll(async () => {
  await gallery[Symbol.asyncDispose]()
  await redis[Symbol.asyncDispose]()
})
afterEach(() => gallery.env(env))

const asAnn = async (): Promise<readonly string[]> => ['--token', await gallery.laravel.token(ANN)]
const diagnose = (...args: readonly string[]) => gallery.diagnose('--only', 'auth', ...args)

it.each([['private-orders.1'], ['presence-chat.1']])(
  'subscribes to %s with what the bridge signs',
  async (channel) => {
    const { code, of } = await diagnose('--channel', channel, ...(await asAnn()))
    expect(of('auth.endpoint').summary).toContain(
      `:${gallery.port}/apps/my-app/auth answers a guest`,
    )
    expect(of('auth.cors').outcome).toBe('ok')
    expect(of('auth.subscribe').summary).toBe(`Subscribed to ${channel} over a real connection.`)
    expect(code).toBe(0)
  },
)

it('takes what the app says without a signature, where it is asked inside of PHP', async () => {
  const { code, of } = await diagnose('--channel', 'private-orders.1', '--as-user', '1')
  expect(of('auth.answer').outcome).toBe('ok')
  expect(of('auth.subscribe').outcome).toBe('skip')
  expect(code).toBe(0)
})

it("names the app's callback as what refuses, through the bridge", async () => {
  const { code, of } = await diagnose('--channel', 'private-orders.2', ...(await asAnn()))
  expect(of('auth.answer')).toMatchObject({ outcome: 'critical', causeId: 'callback-refused' })
  expect(code).toBe(2)
})

it('finds that pages ask the app itself, which signs nothing', async () => {
  const endpoint = `${gallery.laravel.url}/api/broadcasting/auth`
  const args = ['--channel', 'private-orders.1', ...(await asAnn())]
  const { code, of } = await diagnose(...args, '--auth-url', endpoint)
  const { causeId, fix } = of('auth.answer')
  expect(causeId).toBe('redis-without-bridge')
  expect(code).toBe(2)
  const pasted = /'(.*)'/.exec(fix?.paste ?? '')?.[1] ?? ''
  const well = await diagnose(...args, '--auth-url', `http://127.0.0.1:${gallery.port}${pasted}`)
  expect(well.code).toBe(0)
})

it('finds that the bridge lets no page of another origin ask, and the pasted line does', async () => {
  const page = 'http://chat.example.com'
  const { code, of } = await diagnose('--origin', page)
  const { causeId, fix } = of('auth.cors')
  expect({ code, causeId }).toEqual({ code: 2, causeId: 'cors-preflight' })
  await gallery.reconfigure(JSON.parse(`{${fix?.paste}}`))
  expect((await diagnose('--origin', page)).of('auth.cors').outcome).toBe('ok')
})
