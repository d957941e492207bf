/** Why a connection to Redis does not come about, where Redis itself is well. */
import { execFile } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Result } from '../../src/diagnose/run.ts'
import { APP, critical, type Diagnosis, diagnosis, fine, found } from '../support/breakable.ts'
import { type Authority, createAuthority } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

/** Looks at a Redis alone: the server is not needed for that. */
async function redisAt(url: string, tls: object = {}): Promise<Diagnosis> {
  using directory = new Directory({ 'resound.json': { redis: { url, tls }, apps: [APP] } })
  return await diagnosis({ config: directory.file('resound.json') }, { only: ['server.redis'] })
}

/** What is to be pasted into `redis.url`. */
function urlIn({ fix }: Result): string {
  expect(fix?.into).toBe('redis.url')
  return fix?.paste ?? ''
}

describe('by TLS', () => {
  let directory: Directory
  let elsewhere: Directory
  let authority: Authority
  let other: Authority
  /** Asks its clients for a certificate. */
  let strict: TestRedis
  let open: TestRedis
  let plain: TestRedis
  beforeAll(async () => {
    directory = new Directory()
    elsewhere = new Directory()
    authority = createAuthority(directory)
    other = createAuthority(elsewhere)
    strict = await startRedis({ tls: authority })
    const settings = ['--tls-auth-clients', 'no', '--bind', '127.0.0.1', '127.0.0.2']
    open = await startRedis({ tls: authority, settings })
    plain = await startRedis()
  })
  afterAll(async () => {
    for (const redis of [strict, open, plain]) await redis[Symbol.asyncDispose]()
    for (const each of [directory, elsewhere]) each[Symbol.dispose]()
  })

  it.each([
    ['nothing', () => ({})],
    ['another authority', () => ({ ca: other.ca })],
  ])('an authority that is not known is named; known was %s', async (_what, tls) => {
    const broken = await redisAt(open.url, tls())
    expect(found(broken, 'server.redis')).toEqual(critical('tls-authority'))
    expect(broken.of('server.redis').fix?.text).toContain('(ca of redis.tls)')
    const mended = await redisAt(open.url, { ca: authority.ca })
    expect(found(mended, 'server.redis')).toEqual(fine)
  })

  it('a certificate for another name is named with a name that it is for', async () => {
    const url = open.url.replace('127.0.0.1', '127.0.0.2')
    const broken = await redisAt(url, { ca: authority.ca })
    expect(found(broken, 'server.redis')).toEqual(critical('tls-name'))
    expect(broken.of('server.redis').evidence?.join()).toContain('DNS:localhost')
    const mended = await redisAt(urlIn(broken.of('server.redis')), { ca: authority.ca })
    expect(found(mended, 'server.redis')).toEqual(fine)
  })

  it('a port that speaks TLS is told from one that is away, and called by rediss://', async () => {
    const broken = await redisAt(open.url.replace('rediss:', 'redis:')) // which takes no tls.ca
    expect(found(broken, 'server.redis')).toEqual(critical('plain-to-tls'))
    const mended = await redisAt(urlIn(broken.of('server.redis')), { ca: authority.ca })
    expect(found(mended, 'server.redis')).toEqual(fine)
  })

  it('a port that speaks no TLS is told from one that hangs, and called by redis://', async () => {
    const broken = await redisAt(plain.url.replace('redis:', 'rediss:'))
    expect(found(broken, 'server.redis')).toEqual(critical('tls-to-plain'))
    const mended = await redisAt(urlIn(broken.of('server.redis')))
    expect(found(mended, 'server.redis')).toEqual(fine)
  })

  it.each([
    ['without a certificate', () => ({})],
    ['with one of another authority', () => other.client],
  ])('a client %s is told that Redis asks for one', async (_what, client) => {
    const broken = await redisAt(strict.url, { ca: authority.ca, ...client() })
    expect(found(broken, 'server.redis')).toEqual(critical('tls-client-certificate'))
    expect(found(await redisAt(strict.url, strict.tls), 'server.redis')).toEqual(fine)
  })
})

it('protected mode is told from a Redis that hangs up, and the pasted password ends it', async () => {
  const address = addressOfThisMachine()
  await using redis = await startRedis({ settings: ['--bind', '127.0.0.1', address] })
  const url = `redis://${address}:${redis.port}`
  const broken = await redisAt(url)
  expect(found(broken, 'server.redis')).toEqual(critical('protected-mode'))
  const { paste = '', into } = broken.of('server.redis').fix ?? {}
  expect(into).toBe('redis-cli on the machine of Redis')
  const cli = ['-p', String(redis.port), ...paste.split(' ')]
  expect((await promisify(execFile)('redis-cli', cli)).stdout.trim()).toBe('OK')
  // Protected it is no more, and says so by asking for the password.
  const next = await redisAt(url)
  expect(found(next, 'server.redis')).toEqual(critical('password-missing'))
  const [, password = ''] = />(\S+)$/.exec(paste) ?? []
  const withPassword = urlIn(next.of('server.redis')).replace('USER:PASSWORD', `:${password}`)
  expect(found(await redisAt(withPassword), 'server.redis')).toEqual(fine)
})

/** Under which it is not called from itself, as far as Redis can tell. */
function addressOfThisMachine(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const found = all.find(({ internal, family }) => !internal && family === 'IPv4')
  if (found === undefined) throw new Error('this machine has no address but that of itself')
  return found.address
}
