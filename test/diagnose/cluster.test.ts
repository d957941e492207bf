import { afterAll, beforeAll, expect, it } from 'vitest'
import { critical, fine, found, Setup, warning } from '../support/breakable.ts'
import { TestClient } from '../support/client.ts'
import { resound } from '../support/command.ts'
import { eventually } from '../support/eventually.ts'
import { Installation } from '../support/installation.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { RedisLink } from '../support/redis-link.ts'

let redis: TestRedis
let setup: Setup
beforeAll(async () => {
  redis = await startRedis()
  setup = await Setup.start({ redis: { url: redis.url } })
})
afterAll(async () => {
  await setup[Symbol.asyncDispose]()
  await redis[Symbol.asyncDispose]()
})

/** Another node of the group. */
const another = (program?: string): Promise<Setup> =>
  Setup.start({ redis: { url: redis.url } }, program === undefined ? {} : { program })

it('two nodes that agree are well', async () => {
  await using _other = await another()
  const { exit, results } = await setup.diagnose(['cluster'])
  expect(results.filter(({ outcome }) => outcome !== 'ok')).toEqual([])
  expect(exit).toBe(0)
  const nodes = results.find(({ id }) => id === 'cluster.nodes')
  expect(nodes?.summary).toBe('2 nodes are in the group.')
  expect(nodes?.evidence?.join()).toContain(`(process ${setup.server.pid})`)
})

it('a node that hangs is named until it goes on', async () => {
  await using other = await another()
  await expect // a node that was killed before is known for as long as its lease lasts
    .poll(async () => found(await setup.diagnose(['cluster']), 'cluster.leases'))
    .toEqual(fine)
  other.server.signal('SIGSTOP')
  await eventually(async () => {
    const broken = await setup.diagnose(['cluster.leases'])
    expect(found(broken, 'cluster.leases')).toEqual(warning('node-silent'))
    expect(broken.of('cluster.leases').summary).toContain(`(process ${other.server.pid})`)
  })
  other.server.signal('SIGCONT')
  await expect
    .poll(async () => found(await setup.diagnose(['cluster.leases']), 'cluster.leases'))
    .toEqual(fine)
})

it('nodes of different releases are listed', async () => {
  using older = new Installation('0.0.9')
  await using _other = await another(older.program)
  const broken = await setup.diagnose(['cluster.versions'])
  expect(found(broken, 'cluster.versions')).toEqual(warning('versions-differ'))
  expect(broken.of('cluster.versions').summary).toContain('0.0.9')
})

it('members that are gone from Redis, and sockets that are not, are compared', async () => {
  const url = `ws://127.0.0.1:${setup.server.port}/app/my-key?protocol=7`
  const client = new TestClient(url, { key: 'my-key', secret: 'my-secret' })
  await client.established()
  const channel = 'presence-room'
  await client.subscribe(channel, { user_id: 'ann' })
  await expect
    .poll(async () => (await setup.diagnose(['cluster'])).of('cluster.presence').summary)
    .toBe('3 entries of this node were compared and agree.')

  const members = `resound:{0}:members:1\n${channel}`
  await redis.client.hset(members, 'bob', '1 null')
  const ghost = await setup.diagnose(['cluster.presence'])
  expect(found(ghost, 'cluster.presence')).toEqual(critical('presence-ghosts'))
  await redis.client.del(members)
  const broken = await setup.diagnose(['cluster.presence'])
  expect(found(broken, 'cluster.presence')).toEqual(critical('presence-lost'))
  expect(broken.of('cluster.presence').evidence?.[0]).toBe(`App and channel: 1 ${channel}`)

  const [, ...words] = broken.of('cluster.presence').fix?.paste?.split(' ') ?? []
  expect(await resound(words)).toMatchObject({ code: 0 })
  client.socket.terminate()
  await expect
    .poll(async () => found(await setup.diagnose(['cluster.presence']), 'cluster.presence'))
    .toEqual(fine)
})

it('a node that has lost the others is not one of the group', async () => {
  await redis.client.call('ACL', 'SETUSER', 'default', '-eval', '-evalsha')
  await expect
    .poll(async () => found(await setup.diagnose(['host.redis-acl']), 'host.redis-acl'))
    .toEqual(critical('acl'))
  await redis.client.call('ACL', 'SETUSER', 'default', '+eval', '+evalsha')
  await expect
    .poll(async () => found(await setup.diagnose(['cluster.nodes']), 'cluster.nodes'))
    .toEqual(fine)
})

it('a node that renews its lease and hears nobody is named, and connects anew', async () => {
  await redis.client.call('ACL', 'SETUSER', 'bob', 'on', '>pw', '~*', '&*', '+@all')
  await using link = await RedisLink.start(redis.port)
  const url = `redis://bob:pw@127.0.0.1:${link.port}`
  await using other = await Setup.start({ redis: { url } })
  const bus = async (): Promise<object> =>
    found(await setup.diagnose(['cluster.bus']), 'cluster.bus')
  await expect.poll(bus).toEqual(fine)

  link.silence('lose', 'down', 'bus')
  const broken = await setup.diagnose(['cluster'])
  link.speak() // what is lost by now stays lost
  expect(found(broken, 'cluster.bus')).toEqual(critical('bus-silent'))
  const { summary, fix } = broken.of('cluster.bus')
  const name = `(process ${other.server.pid})`
  expect(summary).toContain(`${name} renews its lease`)
  expect(fix?.into).toContain(name)
  expect(broken.of('cluster.leases').summary).not.toContain(name)
  const [, ...words] = fix?.paste?.split(' ') ?? []
  expect(await other.server.command(...words)).toMatchObject({ code: 0 })
  expect(await bus()).toEqual(fine)

  // Or Redis does not let it hear.
  await redis.client.call('ACL', 'SETUSER', 'bob', '-subscribe')
  await redis.client.call('CLIENT', 'KILL', 'USER', 'bob', 'TYPE', 'pubsub')
  await expect.poll(bus).toEqual(critical('bus-silent'))
  await redis.client.call('ACL', 'SETUSER', 'bob', '+subscribe')
  await expect.poll(bus).toEqual(fine)
}, 40_000)
