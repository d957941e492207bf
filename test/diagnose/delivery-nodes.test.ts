/** Several servers behind one address, which have to share what they say. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { APP, critical, diagnosis, fine, found, Setup } from '../support/breakable.ts'
import { freePort } from '../support/free-port.ts'
import { startNginx } from '../support/nginx.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { RedisLink } from '../support/redis-link.ts'

let redis: TestRedis
let elsewhere: TestRedis
let setup: Setup
let publicPort: number
/** Of the second server, which is started anew. */
let port: number
let proxy: AsyncDisposable
beforeAll(async () => {
  ;[redis, elsewhere] = [await startRedis(), await startRedis()]
  ;[publicPort, port] = [await freePort(), await freePort()]
  setup = await Setup.start({ redis: { url: redis.url } })
  // nginx takes turns.
  proxy =
    await startNginx(`upstream servers { server 127.0.0.1:${setup.server.port}; server 127.0.0.1:${port}; }
  server {
    listen 127.0.0.1:${publicPort};
    location / {
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }
  }`)
})
afterAll(async () => {
  for (const part of [proxy, setup, redis, elsewhere]) await part[Symbol.asyncDispose]()
})

/** The second server. */
const another = (config: object): Promise<Setup> =>
  Setup.start({ ...config }, { environment: { RESOUND_PORT: String(port) } })

const publicUrl = (): string => `ws://localhost:${publicPort}`

const diagnose = () => setup.diagnose(['delivery.nodes'], { url: publicUrl() })

it('a server that shares nothing with this one is found, and the pasted lines bring it in', async () => {
  const strangers = [
    { redis: { url: redis.url, keyPrefix: 'two:' } },
    { redis: { url: elsewhere.url } },
    {},
  ]
  const pasted = new Set<string>()
  for (const config of strangers) {
    await using _other = await another(config)
    const broken = await diagnose()
    expect(found(broken, 'delivery.nodes')).toEqual(critical('node-outside'))
    const { evidence, fix } = broken.of('delivery.nodes')
    expect(evidence?.[0]).toMatch(/^4 of 8 connections/)
    pasted.add(fix?.paste ?? '')
  }
  const [lines, ...others] = pasted
  expect(others).toEqual([])
  await using _other = await another(JSON.parse(`{${lines}}`))
  expect(found(await diagnose(), 'delivery.nodes')).toEqual(fine)
}, 40_000)

it('a server that is one of the group, and deaf, is told from one outside', async () => {
  await using link = await RedisLink.start(redis.port)
  await using _other = await another({ redis: { url: `redis://127.0.0.1:${link.port}` } })
  expect(found(await diagnose(), 'delivery.nodes')).toEqual(fine)
  link.silence('lose', 'down', 'bus')
  expect(found(await diagnose(), 'delivery.nodes')).toEqual(critical('node-deaf'))
})

it('a server that does not know the app is found as well', async () => {
  await using _other = await another({ apps: [{ ...APP, key: 'other' }] })
  // Which of the two the way in sees is chance.
  const choice = { only: ['delivery.nodes'], skip: ['way-in'] }
  const broken = await diagnosis({ config: setup.file, url: publicUrl() }, choice)
  expect(found(broken, 'delivery.nodes')).toEqual(critical('not-subscribed'))
})
