import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAuthority, createCertificate } from '../support/certificate.ts'
import { ManualClock } from '../support/clock.ts'
import { Directory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { readSnippet } from '../support/snippets.ts'
import { Reading } from './reading.ts'

const INSERT = `INSERT INTO apps (id, key, secret) VALUES ('1', 'key-1', 'secret-1')`

let postgres: TestPostgres

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

beforeAll(async () => {
  postgres = await startPostgres()
})

afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await postgres.sql(`DROP TABLE IF EXISTS apps CASCADE; DROP SCHEMA IF EXISTS tenants CASCADE;
    DROP ROLE IF EXISTS resound`)
  await postgres.sql(await readSnippet('apps.sql'))
})

describe('a table of apps', () => {
  it('may be soketi’s, as it is', async () => {
    await postgres.sql('DROP TABLE apps')
    await postgres.sql(await readSnippet('apps-soketi.sql'))
    await postgres.sql(`INSERT INTO apps VALUES (
      'app-id', 'app-key', 'app-secret', 200, 1, 1, -1, -1, -1,
      '[{"url":"https://example.com","event_types":["member_added"]}]',
      50, 4, null, null, null, null, null, 0)`)
    await postgres.sql(await readSnippet('apps-notify.sql'))
    await using reading = await new Reading({ url: postgres.url, cacheSeconds: 3600 }).begun()
    expect(reading.table.apps).toMatchObject([
      {
        id: 'app-id',
        key: 'app-key',
        secret: 'app-secret',
        enabled: true,
        maxConnections: 200,
        clientEvents: true,
        userAuthentication: false,
        webhooks: [{ url: 'https://example.com', events: ['member_added'] }],
        limits: { clientEventsPerSecond: 0, presenceMembers: 50, presenceMemberBytes: 4096 },
      },
    ])
    await postgres.sql('UPDATE apps SET enabled = 0')
    await eventually(() => expect(reading.table.apps).toMatchObject([{ enabled: false }]))
  })

  it('may have columns of any type that says the same', async () => {
    await postgres.sql('DROP TABLE apps')
    await postgres.sql(`CREATE TABLE apps (id bigint, key text, secret text, allowed_origins text[],
      limits json, laravel text, max_connections numeric, enabled char, created_at timestamptz)`)
    await postgres.sql(`INSERT INTO apps VALUES (7, 'k', 's', '{https://a.test,b.test}',
      '{"eventBytes":10}', '{"redisPrefix":"shop_"}', 5, '0', now())`)
    await using reading = await new Reading({ url: postgres.url }).begun()
    expect(reading.table.apps).toMatchObject([
      {
        id: '7',
        allowedOrigins: ['https://a.test', 'b.test'],
        limits: { eventBytes: 10 },
        laravel: { redisPrefix: 'shop_' },
        maxConnections: 5,
        enabled: false,
      },
    ])
  })

  it('may be a view, in a schema, of which only some columns may be read', async () => {
    await postgres.sql(INSERT)
    await postgres.sql(`CREATE SCHEMA tenants;
      CREATE VIEW tenants.apps AS SELECT *, 'hidden' AS billing FROM public.apps;
      CREATE ROLE resound LOGIN PASSWORD 'p';
      GRANT USAGE ON SCHEMA tenants TO resound;
      GRANT SELECT (id, key, secret, max_connections) ON tenants.apps TO resound`)
    const url = postgres.urlFor('resound:p')
    await using reading = await new Reading({ url, table: 'tenants.apps', cacheSeconds: 1 }).begun()
    expect(reading.ids).toEqual(['1'])
    await postgres.sql('UPDATE apps SET max_connections = 3')
    await eventually(() => expect(reading.table.apps).toMatchObject([{ maxConnections: 3 }]))
  })

  it('needs no more than the documented grant', async () => {
    await postgres.sql(INSERT)
    await postgres.sql(await readSnippet('apps-grant.sql'))
    await postgres.sql(await readSnippet('apps-notify.sql'))
    const url = postgres.urlFor('resound:change-me')
    await using reading = await new Reading({ url, cacheSeconds: 3600 }).begun()
    await postgres.sql(`INSERT INTO apps (id, key, secret) VALUES ('2', 'key-2', 'secret-2')`)
    await eventually(() => expect(reading.ids).toEqual(['1', '2']))
  })

  it('may get a column while it is read', async () => {
    await postgres.sql('DROP TABLE apps')
    await postgres.sql(await readSnippet('apps-soketi.sql'))
    await postgres.sql(`INSERT INTO apps VALUES
      ('1', 'k', 's', -1, 0, 1, -1, -1, -1, null, null, null, null, null, null, null, null, 0)`)
    await using reading = await new Reading({ url: postgres.url, cacheSeconds: 1 }).begun()
    await postgres.sql(`ALTER TABLE apps ADD COLUMN previous_secret varchar(255) DEFAULT 'old'`)
    await eventually(() => expect(reading.table.apps).toMatchObject([{ previousSecret: 'old' }]))
  })

  it('is seen in a consistent state: keys that swap places belong to one app each', async () => {
    await postgres.sql(INSERT)
    await postgres.sql(`INSERT INTO apps (id, key, secret) VALUES ('2', 'key-2', 'secret-2')`)
    await postgres.sql(await readSnippet('apps-notify.sql'))
    await using reading = await new Reading({ url: postgres.url }).begun()
    await postgres.sql(`BEGIN; UPDATE apps SET key = 'x' WHERE id = '1';
      UPDATE apps SET key = 'key-1' WHERE id = '2'; UPDATE apps SET key = 'key-2' WHERE id = '1'; COMMIT`)
    await eventually(() =>
      expect(reading.table.apps.map(({ id, key }) => [id, key])).toEqual([
        ['1', 'key-2'],
        ['2', 'key-1'],
      ]),
    )
  })

  it('is refused whole beyond 100,000 rows, and what is known stays', async () => {
    await postgres.sql(INSERT)
    await using reading = await new Reading({ url: postgres.url, cacheSeconds: 1 }).begun()
    await postgres.sql(`INSERT INTO apps (id, key, secret)
      SELECT 'a' || n, 'key-a' || n, 's' FROM generate_series(1, 100000) n`)
    expect(await reading.log.line(/those known stay/)).toMatchObject({
      code: 'RESOUND_POSTGRES_UNREADABLE',
      reason: 'the table has 100001 rows, and no more than 100000 are taken over',
    })
    expect(reading.ids).toEqual(['1'])
    await postgres.sql(`DELETE FROM apps WHERE id <> '1'`)
    await reading.log.line(/PostgreSQL is back/)
  })
})

describe('a table that cannot be read', () => {
  const unreadable = async (url: string, reason: string): Promise<void> => {
    await using reading = new Reading({ url })
    expect(await reading.log.line(/none are known/)).toMatchObject({
      code: 'RESOUND_POSTGRES_UNREADABLE',
      reason,
      remedy:
        'Create the table, grant its reading, or correct postgres.table: docs/postgres.md has the SQL.',
    })
    expect(reading.table.isComplete).toBe(false)
    expect(reading.table.isRead).toBe(false)
  }

  it('is not there', async () => {
    await postgres.sql('DROP TABLE apps')
    await unreadable(postgres.url, 'there is no table apps')
  })

  it('has no column that is needed', async () => {
    await postgres.sql('ALTER TABLE apps DROP COLUMN secret')
    await unreadable(postgres.url, 'the table has no column secret')
  })

  it('is not ours to read', async () => {
    await postgres.sql(`CREATE ROLE resound LOGIN PASSWORD 'p'`)
    await unreadable(postgres.urlFor('resound:p'), 'this user may not read the column id')
  })

  it('is locked: known apps stay, and it is read when the lock is gone', async () => {
    await postgres.sql(INSERT)
    await using reading = await new Reading({ url: postgres.url, cacheSeconds: 1 }).begun()
    await postgres.sql('BEGIN; LOCK TABLE apps IN ACCESS EXCLUSIVE MODE')
    await postgres.sql('UPDATE apps SET max_connections = 9')
    expect(await reading.log.line(/those known stay/, 15_000)).toMatchObject({
      reason: 'canceling statement due to statement timeout',
    })
    expect(reading.ids).toEqual(['1'])
    expect(reading.table.isComplete).toBe(false)
    await postgres.sql('COMMIT')
    await reading.log.line(/PostgreSQL is back/, 15_000)
    expect(reading.table.apps).toMatchObject([{ maxConnections: 9 }])
  })
})

describe('PostgreSQL', () => {
  it('that refuses the password is said to, without the password', async () => {
    await using reading = new Reading({ url: postgres.urlFor('postgres:wrong') })
    const line = await reading.log.line(/none are known/)
    expect(line).toMatchObject({
      code: 'RESOUND_POSTGRES_UNREACHABLE',
      reason: 'password authentication failed for user "postgres"',
      remedy: 'Correct the user or password in postgres.url.',
    })
    expect(JSON.stringify(line)).not.toContain('wrong')
  })

  it('that ends our connection is asked again, and nothing is missed', async () => {
    await postgres.sql(INSERT)
    await using reading = await new Reading({ url: postgres.url, cacheSeconds: 3600 }).begun()
    await postgres.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'resound'`)
    await postgres.sql('UPDATE apps SET max_connections = 4')
    await reading.log.line(/PostgreSQL is back/)
    expect(reading.table.apps).toMatchObject([{ maxConnections: 4 }])
  })

  it('that is silent on an open connection is noticed', async () => {
    await postgres.sql(INSERT)
    const clock = new ManualClock()
    await using reading = await new Reading(
      { url: postgres.url, cacheSeconds: 3600 },
      clock,
    ).begun()
    expect(reading.table.isComplete).toBe(true)
    await postgres.pause()
    try {
      await eventually(() => {
        clock.advance(1000)
        expect(reading.log.lines(/those known stay/)).toMatchObject([
          { code: 'RESOUND_POSTGRES_UNREACHABLE', reason: 'no answer for 5 s' },
        ])
      })
      expect(reading.table.state.isUp).toBe(false)
      expect(reading.ids).toEqual(['1'])
    } finally {
      await postgres.resume()
    }
    await eventually(() => {
      clock.advance(100)
      expect(reading.table.state.isUp).toBe(true)
    })
  })

  it('that accepts a connection and says nothing is given up, and does not delay the end', async () => {
    let connections = 0
    const silent = createServer((socket) => {
      connections += 1
      socket.on('error', () => {}).resume() // so that it notices when it is closed
    }).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const clock = new ManualClock()
    const url = `postgres://user:password@127.0.0.1:${portOf(silent)}/db`
    {
      await using reading = new Reading({ url }, clock)
      await eventually(() => expect(connections).toBe(1))
      await eventually(() => {
        clock.advance(1000)
        expect(reading.log.lines(/none are known/)).toMatchObject([
          { code: 'RESOUND_POSTGRES_UNREACHABLE', reason: 'no answer for 5 s' },
        ])
      })
      await eventually(() => {
        clock.advance(100)
        expect(connections).toBeGreaterThan(1)
      })
    } // while the handshake is under way
    silent.close()
    await once(silent, 'close') // nothing of ours is left that would hold it open
  })

  it('that turns every connection away is given time before it is asked again', async () => {
    const fields = Buffer.from('SFATAL\0C28P01\0Mno\0\0')
    const refusal = Buffer.concat([Buffer.from([0x45, 0, 0, 0, fields.length + 4]), fields])
    let connections = 0
    const server = createServer((socket) => {
      connections += 1
      socket.on('error', () => {}).once('data', () => socket.write(refusal))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const clock = new ManualClock()
    const url = `postgres://user:password@127.0.0.1:${portOf(server)}/db`
    await using reading = new Reading({ url }, clock)
    await reading.log.line(/none are known/)
    await eventually(() => expect(clock.running).toBe(1)) // nothing but the wait for the next attempt
    clock.advance(49)
    await new Promise(setImmediate)
    expect([connections, clock.running]).toEqual([1, 1])
    clock.advance(51)
    await eventually(() => expect(connections).toBe(2))
    server.close()
  })

  it('that is slow to answer is not trusted with what does not exist', async () => {
    await postgres.sql(INSERT)
    const clock = new ManualClock()
    await using reading = await new Reading({ url: postgres.url, cacheSeconds: 3 }, clock).begun()
    await postgres.pause()
    try {
      clock.advance(3999)
      expect(reading.table.isComplete).toBe(true)
      clock.advance(2)
      expect(reading.table.isComplete).toBe(false)
      expect(reading.ids).toEqual(['1'])
    } finally {
      await postgres.resume()
    }
  })

  it('is given a rest between two reads, however many changes there are', async () => {
    await postgres.sql(INSERT)
    await postgres.sql(await readSnippet('apps-notify.sql'))
    await using reading = await new Reading({ url: postgres.url, cacheSeconds: 3600 }).begun()
    const startedAt = performance.now()
    for (let n = 1; n <= 500; n += 1) await postgres.sql(`UPDATE apps SET max_connections = ${n}`)
    await eventually(() => expect(reading.table.apps).toMatchObject([{ maxConnections: 500 }]))
    const elapsed = performance.now() - startedAt
    expect(reading.changes).toBeGreaterThan(1)
    expect(reading.changes).toBeLessThanOrEqual(elapsed / 20 + 2)
  })
})

it('a replica, which cannot notify, is read every cacheSeconds, and it is said', async () => {
  await postgres.sql(INSERT)
  await using replica = await startPostgres({ replicaOf: postgres })
  await using reading = await new Reading({ url: replica.url, cacheSeconds: 1 }).begun()
  expect(await reading.log.line(/does not notify/)).toMatchObject({
    level: 40,
    reason: 'cannot execute LISTEN during recovery',
  })
  await postgres.sql('UPDATE apps SET max_connections = 8')
  await eventually(() => expect(reading.table.apps).toMatchObject([{ maxConnections: 8 }]))
})

describe('with TLS', () => {
  const directory = new Directory()
  let secured: TestPostgres
  let ca: string

  beforeAll(async () => {
    const authority = createAuthority(directory)
    ca = authority.ca
    secured = await startPostgres({ tls: authority.server })
    await secured.sql(await readSnippet('apps.sql'))
  })

  afterAll(async () => {
    await secured[Symbol.asyncDispose]()
    directory[Symbol.dispose]()
  })

  const isEncrypted = async (): Promise<unknown> => {
    const [row] = await secured.sql(
      `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'resound'`,
    )
    return row?.['ssl']
  }

  it.each(['require', 'verify-ca', 'verify-full'])(
    'sslmode=%s takes a certificate of a known authority',
    async (mode) => {
      await using _ = await new Reading({
        url: `${secured.url}?sslmode=${mode}`,
        tls: { ca },
      }).begun()
      expect(await isEncrypted()).toBe(true)
    },
  )

  it.each(['require', 'verify-ca', 'verify-full'])('sslmode=%s refuses any other', async (mode) => {
    await using reading = new Reading({ url: `${secured.url}?sslmode=${mode}` })
    expect(await reading.log.line(/none are known/)).toMatchObject({
      code: 'RESOUND_POSTGRES_UNREACHABLE',
      reason: 'unable to verify the first certificate',
      remedy: expect.stringContaining('postgres.tls.ca'),
    })
  })

  it('sslmode=require refuses a certificate for another name', async () => {
    using files = new Directory()
    const certificate = createCertificate(files) // of localhost, and we ask for 127.0.0.1
    await using other = await startPostgres({ tls: certificate })
    const url = `${other.url}?sslmode=require`
    await using reading = new Reading({ url, tls: { ca: certificate.cert } })
    expect(await reading.log.line(/none are known/)).toMatchObject({
      reason: expect.stringContaining("IP: 127.0.0.1 is not in the cert's list"),
    })
  })

  it('sslmode=no-verify takes any, and it is said', async () => {
    await using reading = await new Reading({ url: `${secured.url}?sslmode=no-verify` }).begun()
    expect(await isEncrypted()).toBe(true)
    expect(reading.log.lines(/is not verified/)).toMatchObject([{ level: 40 }])
  })

  it('sslmode=require does not go on in clear where PostgreSQL has no TLS', async () => {
    await using reading = new Reading({ url: `${postgres.url}?sslmode=require` })
    expect(await reading.log.line(/none are known/)).toMatchObject({
      reason: 'The server does not support SSL connections',
    })
  })

  it('a file that cannot be read is said to be', async () => {
    const tls = { ca: directory.file('none.pem') }
    await using reading = new Reading({ url: `${secured.url}?sslmode=require`, tls })
    expect(await reading.log.line(/none are known/)).toMatchObject({
      reason: expect.stringContaining('ENOENT'),
    })
  })
})
