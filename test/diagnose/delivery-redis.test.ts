import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { exitCodeOf, type Result } from '../../src/diagnose/run.ts'
import { REDIS_PREFIX } from '../support/deployment.ts'
import { Diagnosed } from '../support/diagnosis.ts'
import { Directory } from '../support/directory.ts'
import { paste } from '../support/fix.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

let redis: TestRedis
let diagnosed: Diagnosed
/** Where the server listens, when nothing is broken. */
let right: { readonly redisUrl: string; readonly redisPrefix: string }
beforeAll(async () => {
  redis = await startRedis({ users: [['deaf', 'on', '>secret', '&*', '+ping']] })
  right = { redisUrl: redis.url, redisPrefix: REDIS_PREFIX }
  diagnosed = await Diagnosed.start({
    driver: 'redis',
    app: { laravel: right },
    values: { REDIS_PORT: redis.port },
  })
  await diagnosed.hearsRedis()
})
afterAll(async () => {
  await diagnosed[Symbol.asyncDispose]()
  await redis[Symbol.asyncDispose]()
})
beforeEach(() => diagnosed.configure())
/** With --laravel, the Redis of the app's `.env` is taken for the server's as well. */
const OF_SERVER = ['server.redis', 'host.redis-acl']

const diagnose = (...skip: readonly string[]) =>
  diagnosed.diagnose({ only: ['delivery.redis'], skip: ['config', ...skip] })

async function expectHealthy(): Promise<void> {
  const results = await diagnose()
  expect(results['delivery.redis']).toMatchObject({ outcome: 'ok' })
  expect(exitCodeOf(Object.values(results))).toBe(0)
}

/** Pastes the fix, after which it works; then puts the server back to where it listens. */
async function expectMended(found: Result | undefined): Promise<void> {
  await paste(diagnosed, found as Result)
  await diagnosed.hearsRedis()
  await expectHealthy()
  await restore()
}

async function restore(): Promise<void> {
  await diagnosed.reconfigure({ laravel: right })
  await diagnosed.hearsRedis()
}

describe.each(['phpredis', 'predis'])('with %s', (client) => {
  it('an event comes through, from whatever database', async () => {
    await diagnosed.configure(`REDIS_CLIENT=${client}`, 'REDIS_DB=3')
    await expectHealthy()
  })

  it('wrong-prefix: the one that is in use is heard, and is to be pasted', async () => {
    const env = [`REDIS_CLIENT=${client}`, 'REDIS_PREFIX=other_app_']
    await diagnosed.configure(...env)

    const results = await diagnose()

    const { 'delivery.redis': found } = results
    expect(found).toMatchObject({ outcome: 'critical', causeId: 'wrong-prefix' })
    expect(found?.evidence?.join('\n')).toMatch(/came at .+ on other_app_resound-canary-/)
    expect(exitCodeOf(Object.values(results))).toBe(2)
    await expectMended(found)
  })

  it('php-unreachable: a Redis that is not there is named by what the app says', async () => {
    await diagnosed.configure(`REDIS_CLIENT=${client}`, `REDIS_PORT=${await freePort()}`)
    const { 'delivery.redis': found } = await diagnose(...OF_SERVER)
    expect(found).toMatchObject({ outcome: 'critical', causeId: 'php-unreachable' })
  })
})

it('other-redis: a server that listens elsewhere is told where the app publishes', async () => {
  await using other = await startRedis()
  await diagnosed.configure(`REDIS_PORT=${other.port}`)

  const { 'delivery.redis': found } = await diagnose()

  expect(found).toMatchObject({ outcome: 'critical', causeId: 'other-redis' })
  await expectMended(found)
})

it('redis-password: the Redis of the app wants another one', async () => {
  await using other = await startRedis({ password: 'right' })
  await diagnosed.configure(`REDIS_PORT=${other.port}`, 'REDIS_PASSWORD=wrong')
  const { 'delivery.redis': found } = await diagnose(...OF_SERVER)
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'redis-password' })
  expect(JSON.stringify(found)).not.toMatch(/"right"|"wrong"/)
})

it('not-subscribed: a server whose user may not listen is given the rule to allow it', async () => {
  await diagnosed.reconfigure({ laravel: { redisUrl: redis.urlFor('deaf:secret') } })

  const { 'host.redis-acl': first, 'delivery.redis': waiting } = await diagnose()
  expect(first).toMatchObject({ outcome: 'critical', causeId: 'acl' })
  expect(waiting).toMatchObject({ outcome: 'not-tested' })

  const { 'delivery.redis': found } = await diagnose('host.redis-acl', 'server.ready')

  expect(found).toMatchObject({ outcome: 'critical', causeId: 'not-subscribed' })
  expect(found?.fix?.into).toBe('redis-cli')
  const [command = '', ...rules] = found?.fix?.paste?.split(' ') ?? []
  await redis.client.call(command, ...rules)
  await diagnosed.hearsRedis()
  await expectHealthy()
  await restore()
})

describe('without PHP', () => {
  const nothing = new Directory()
  afterAll(() => nothing[Symbol.dispose]())

  const diagnoseWithoutPhp = async () => {
    vi.stubEnv('PATH', nothing.path)
    try {
      return await diagnose()
    } finally {
      vi.unstubAllEnvs()
    }
  }

  it("an event is published as the app's files say", async () => {
    const { 'delivery.redis': found } = await diagnoseWithoutPhp()
    expect(found).toMatchObject({ outcome: 'ok' })
  })

  it('wrong-prefix: the one in the files is to be pasted', async () => {
    await diagnosed.configure('REDIS_PREFIX=other_app_')
    const { 'delivery.redis': found } = await diagnoseWithoutPhp()
    expect(found).toMatchObject({ outcome: 'critical', causeId: 'wrong-prefix' })
    await expectMended(found)
  })
})

it('not-listening: a server that was told of no Redis is told where and what', async () => {
  await using deaf = await Diagnosed.start({
    driver: 'redis',
    values: { REDIS_PORT: redis.port },
  })
  const choice = { only: ['delivery.redis'], skip: ['config'] }

  const { 'delivery.redis': found } = await deaf.diagnose(choice)

  expect(found).toMatchObject({ outcome: 'critical', causeId: 'not-listening' })
  await paste(deaf, found as Result)
  await deaf.hearsRedis()
  const { 'delivery.redis': mended } = await deaf.diagnose(choice)
  expect(mended).toMatchObject({ outcome: 'ok' })
})

it("without an app, the server's own half of the way is tried", async () => {
  const { 'delivery.redis': found } = await diagnosed.diagnoseServer({ only: ['delivery.redis'] })
  expect(found).toMatchObject({ outcome: 'ok' })
})
