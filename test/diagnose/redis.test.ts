import { execFile } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { IN_CLUSTER, LISTENING, SHARING } from '../../src/diagnose/redis/permissions.ts'
import {
  APP,
  critical,
  type Diagnosis,
  diagnosis,
  fine,
  found,
  Setup,
  warning,
} from '../support/breakable.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'
import { Page } from '../support/page.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { RedisLink } from '../support/redis-link.ts'

const REDIS = [
  'server.redis',
  'host.redis-acl',
  'host.redis-version',
  'host.redis-eviction',
  'host.redis-persistence',
  'host.redis-latency',
]
const WEBHOOKS = [{ url: 'https://app.example/hooks' }]

/** Looks at a Redis alone: the server is not needed for that. */
async function lookedAt(redis: object, app: object = {}): Promise<Diagnosis> {
  using directory = new Directory()
  directory.write('resound.json', { redis, apps: [{ ...APP, ...app }] })
  return await diagnosis({ config: directory.file('resound.json') }, { only: REDIS })
}

const redisAt = (url: string, app?: object): Promise<Diagnosis> => lookedAt({ url }, app)

/** Runs a pasted command. */
const shell = (command: string | undefined) => promisify(execFile)('sh', ['-c', command ?? 'false'])

describe('a Redis that works', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  it('is well, and nothing of the trial is left in it', async () => {
    const { exit, results } = await redisAt(redis.url, {
      laravel: { redisPrefix: 'my-app-database-' },
      webhooks: WEBHOOKS,
    })
    expect(results.filter(({ outcome }) => outcome !== 'ok')).toEqual([])
    expect(exit).toBe(0)
    expect(await redis.client.keys('*')).toEqual([])
  })

  it('that throws keys away is told to throw away only those that expire', async () => {
    await redis.client.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru')
    const broken = await redisAt(redis.url)
    expect(found(broken, 'host.redis-eviction')).toEqual(warning('evicts-keys'))
    await shell(broken.of('host.redis-eviction').fix?.paste)
    expect(found(await redisAt(redis.url), 'host.redis-eviction')).toEqual(fine)
  })

  it('that has used up its memory is said before it refuses', async () => {
    const used = Number(/used_memory:(\d+)/.exec(await redis.client.info('memory'))?.[1])
    await redis.client.config('SET', 'maxmemory', String(Math.round(used / 0.95)))
    expect(found(await redisAt(redis.url), 'host.redis-eviction')).toEqual(
      warning('redis-memory-full'),
    )
    await redis.client.config('SET', 'maxmemory', '0')
  })

  it('that keeps nothing is told to, where webhooks wait in it', async () => {
    await redis.client.config('SET', 'save', '')
    expect(found(await redisAt(redis.url), 'host.redis-persistence')).toEqual(fine)
    const broken = await redisAt(redis.url, { webhooks: WEBHOOKS })
    expect(found(broken, 'host.redis-persistence')).toEqual(warning('not-persistent'))
    await shell(broken.of('host.redis-persistence').fix?.paste)
    expect(
      found(await redisAt(redis.url, { webhooks: WEBHOOKS }), 'host.redis-persistence'),
    ).toEqual(fine)
  })

  it('that is far away is slow', async () => {
    await using link = await RedisLink.start(redis.port)
    link.delay(60)
    const broken = await redisAt(`redis://127.0.0.1:${link.port}`)
    expect(found(broken, 'host.redis-latency')).toEqual(warning('redis-slow'))
    link.delay(0)
    expect(found(await redisAt(`redis://127.0.0.1:${link.port}`), 'host.redis-latency')).toEqual(
      fine,
    )
  })
})

describe('a user of Redis', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis({
      password: 'the-password',
      users: [['ann', 'on', '>secret-of-ann', '+ping', '~*', '&*', '+info']],
    })
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  it.each([
    ['with a wrong password', ':no-such-password', 'wrong-password'],
    ['without a password', '', 'password-missing'],
    ['that there is not', 'bob:secret', 'wrong-password'],
  ])('%s is told from a Redis that is away', async (_what, user, causeId) => {
    const broken = await redisAt(redis.urlFor(user))
    expect(found(broken, 'server.redis')).toEqual(critical(causeId))
    expect(JSON.stringify(broken)).not.toContain('no-such-password')
    const { paste = '' } = broken.of('server.redis').fix ?? {}
    const mended = await redisAt(paste.replace('USER:PASSWORD', 'default:the-password'))
    expect(found(mended, 'server.redis')).toEqual(fine)
  })

  it('that may not even ask whether Redis is there is given what it needs', async () => {
    await redis.client.call('ACL', 'SETUSER', 'mute', 'on', '>pw', '~*', '&*')
    const broken = await redisAt(redis.urlFor('mute:pw'))
    expect(found(broken, 'server.redis')).toEqual(critical('not-allowed'))
    await shell(asAdmin(broken.of('server.redis').fix?.paste))
    expect(found(await redisAt(redis.urlFor('mute:pw')), 'host.redis-acl')).toEqual(fine)
  })

  /** By a user who may. */
  const asAdmin = (commands = ''): string =>
    commands.replaceAll('redis-cli', 'redis-cli -a the-password --no-auth-warning')

  it('that may too little is told what is refused, and the pasted rules allow it', async () => {
    const app = { laravel: { redisPrefix: 'my-app-database-' } }
    const url = redis.urlFor('ann:secret-of-ann')
    const broken = await redisAt(url, app)
    expect(found(broken, 'host.redis-acl')).toEqual(critical('acl'))
    const { evidence, fix } = broken.of('host.redis-acl')
    expect(evidence).toContain('Refused: eval, or keys of resound:*')
    expect(evidence).toContain('Refused: psubscribe, or the channels my-app-database-*')
    await redis.client.call('ACL', 'SETUSER', 'ann', 'resetkeys', 'resetchannels')
    await shell(asAdmin(fix?.paste))
    expect(found(await redisAt(url, app), 'host.redis-acl')).toEqual(fine)
  })

  it.each([
    ['-zadd', 'zadd'],
    ['-hset', 'hset'],
    ['-rename', 'rename'],
    ['-time', 'time'],
    ['-publish', 'publish, or channels of resound:*'],
    ['-subscribe', 'subscribe, or channels of resound:*'],
    ['-psubscribe', 'psubscribe, or the channels my-app-database-*'],
  ])('without %s is told so', async (rule, what) => {
    const rules = ['on', '>pw', '~*', '&*', '+@all', rule]
    await redis.client.call('ACL', 'SETUSER', 'eve', 'reset', ...rules)
    const app = { laravel: { redisPrefix: 'my-app-database-' } }
    const broken = await redisAt(redis.urlFor('eve:pw'), app)
    expect(found(broken, 'host.redis-acl')).toEqual(critical('acl'))
    expect(broken.of('host.redis-acl').evidence).toEqual([`Refused: ${what}`])
  })
})

it('a Redis that does not run is refused, and one that hangs gives no answer', async () => {
  const away = await redisAt(`redis://127.0.0.1:${await freePort()}`)
  expect(found(away, 'server.redis')).toEqual(critical('refused'))
  // Which would start the one of this machine.
  expect(away.of('server.redis').fix?.paste).toBe('systemctl start redis-server')
  expect(away.of('host.redis-acl')).toMatchObject({ outcome: 'not-tested' })
  await using redis = await startRedis()
  redis.pause()
  expect(found(await redisAt(redis.url), 'server.redis')).toEqual(critical('no-answer'))
  redis.resume()
  expect(found(await redisAt(redis.url), 'server.redis')).toEqual(fine)
})

it('a Redis that is too old is found by what it says of itself', async () => {
  using directory = new Directory()
  const program = directory.file('redis-server')
  copyFileSync('/usr/bin/redis-server', program)
  // The same program, which says that it is another release.
  const { stdout } = await promisify(execFile)('redis-server', ['--version'])
  const [, version = ''] = /v=(\d+\.\d+\.\d+)/.exec(stdout) ?? []
  const older = `5${version.slice(1)}`
  writeFileSync(program, readFileSync(program, 'latin1').replaceAll(version, older), 'latin1')
  await using redis = await startRedis({ program })
  const broken = await redisAt(redis.url)
  expect(found(broken, 'host.redis-version')).toEqual(critical('redis-old'))
  expect(broken.of('host.redis-version').evidence).toEqual([`redis_version: ${older}`])
})

it('a Cluster is well, and its user is told what is refused', async () => {
  await using cluster = await startCluster()
  const at = (user: string) =>
    lookedAt({ cluster: cluster.nodes.map(({ port }) => `redis://${user}127.0.0.1:${port}`) })
  const { exit, results } = await at('')
  expect(results.filter(({ outcome }) => outcome !== 'ok')).toEqual([])
  expect(exit).toBe(0)
  const rules = ['ann', 'on', '>pw', '~*', '&*', '+@all', '-spublish']
  for (const { client } of cluster.nodes) await client.call('ACL', 'SETUSER', ...rules)
  const broken = await at('ann:pw@')
  expect(found(broken, 'host.redis-acl')).toEqual(critical('acl'))
  expect(broken.of('host.redis-acl').evidence).toEqual([
    'Refused: spublish, or channels of resound:*',
  ])
  const { paste = '' } = broken.of('host.redis-acl').fix ?? {}
  for (const { port } of cluster.nodes) await shell(paste.replaceAll(/-p \d+/g, `-p ${port}`))
  expect(found(await at('ann:pw@'), 'host.redis-acl')).toEqual(fine)
})

/** The first fault, and what of the way was not tested for it. */
const stopped = ({ results }: Diagnosis) => ({
  critical: results.filter(({ outcome }) => outcome === 'critical').map(({ id }) => id),
  because: results.find(({ id }) => id === 'delivery.http')?.because,
})

it('a server whose Redis is away is told so once, and not by what follows from it', async () => {
  await using redis = await startRedis()
  await using setup = await Setup.start({ redis: { url: redis.url } })
  expect(await setup.diagnose(['delivery.http'])).toMatchObject({ exit: 0 })
  await redis.stop()
  await expect.poll(() => isReady(setup)).toBe(false)
  const broken = await setup.diagnose(['delivery.http'])
  expect(stopped(broken)).toEqual({ critical: ['server.redis'], because: 'server.redis' })
})

it('a server whose Redis user may not subscribe is told what that user may not', async () => {
  await using redis = await startRedis()
  const laravel = { redisPrefix: 'my-app-database-' }
  await using setup = await Setup.start({ redis: { url: redis.url }, apps: [{ ...APP, laravel }] })
  await redis.client.call('ACL', 'SETUSER', 'default', '-psubscribe', '-subscribe')
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await expect.poll(() => isReady(setup)).toBe(false)
  const broken = await setup.diagnose(['delivery.http'])
  expect(stopped(broken)).toEqual({ critical: ['host.redis-acl'], because: 'host.redis-acl' })
})

it('a Redis that answers here, and not where the server runs, is told of by the server', async () => {
  await using redis = await startRedis()
  await using link = await RedisLink.start(redis.port)
  await using setup = await Setup.start({ redis: { url: `redis://127.0.0.1:${link.port}` } })
  await link.refuse()
  setup.write({ redis: { url: redis.url } })
  await expect.poll(() => isReady(setup)).toBe(false)
  const broken = await setup.diagnose(['delivery.http'])
  expect(found(broken, 'server.ready')).toEqual(critical('redis-away'))
  expect(stopped(broken)).toEqual({ critical: ['server.ready'], because: 'server.ready' })
})

async function isReady({ server }: Setup): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${server.port}/ready`)).ok
}

it('what is proposed is what the documentation says', () => {
  const page = new Page('redis.md')
  expect(page.block('redis', '+psubscribe')).toContain(LISTENING)
  expect(page.block('redis', '+eval')).toContain(SHARING)
  expect(page.block('redis', '+cluster')).toContain(IN_CLUSTER)
})
