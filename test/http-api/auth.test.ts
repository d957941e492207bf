import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { App } from '../../src/apps/app.ts'
import { AppConfig } from '../../src/config/schema/app.ts'
import { Limits } from '../../src/config/schema/limits.ts'
import { authenticate } from '../../src/http-api/auth.ts'
import type { HttpResponse } from '../../src/http-api/exchange.ts'
import type { Query } from '../../src/http-api/query.ts'

// The credentials, time and signatures of the examples in Pusher's documentation, and more like them.
const CREDENTIALS = { id: '3', key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' }
const NOW = 1_353_088_179
const KEY = `auth_key=${CREDENTIALS.key}`
const COMMON = `${KEY}&auth_timestamp=${NOW}&auth_version=1.0`

const app = (more: object = {}): App =>
  new App(AppConfig.parse({ ...CREDENTIALS, ...more }), Limits.parse({}))

interface Given {
  readonly method?: string
  readonly path?: string
  readonly query: string
  readonly body?: string
  readonly app?: App
  readonly now?: number
  readonly tolerance?: number
}

function check(given: Given): { readonly query: Query } | HttpResponse {
  const { method = 'GET', path = '/apps/3/channels', query, body = '' } = given
  const request = { method, query, body: Buffer.from(body) }
  return authenticate(request, path, given.app ?? app(), given.now ?? NOW, given.tolerance ?? 600)
}

const hmac = (text: string, secret = CREDENTIALS.secret): string =>
  createHmac('sha256', secret).update(text).digest('hex')

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

/** A query that is sent as it is signed: sorted already, nothing encoded. */
const signed = (query: string, method = 'GET', path = '/apps/3/channels'): string =>
  `${query}&auth_signature=${hmac(`${method}\n${path}\n${query}`)}`

const refused = (text: string, status = 401): HttpResponse => ({
  status,
  body: JSON.stringify({ error: text, code: status }),
})

const MISMATCH = refused(
  "The signature does not match. Check the secret of app 3 in the Laravel app's .env, and that no proxy rewrites the path or query.",
)

describe('the signature of a request', () => {
  const BODY = '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}'
  const EVENTS: Given = {
    method: 'POST',
    path: '/apps/3/events',
    query: `${COMMON}&body_md5=ec365a775a4cd0599faeb73354201b6f&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c`,
    body: BODY,
  }
  const CHANNELS: Given = {
    query: `${COMMON}&filter_by_prefix=presence-&info=user_count&auth_signature=16819168891cb5dfd72b5c7a5d3d602605b26c6ba1930033b5e2eeeb65010291`,
  }
  const INFO = '1d1155a0ebeb98ea04f39ce6af2fc826b0162b6f599ad281fea15c5d18b6266c'
  const channel = (info: string): Given => ({
    path: '/apps/3/channels/c',
    query: `${COMMON}&${info}&auth_signature=${INFO}`,
  })

  it.each<[what: string, given: Given]>([
    ['POST events, as documented', EVENTS],
    ['GET channels with two parameters', CHANNELS],
    [
      'GET channel, the comma as the Node SDK sends it',
      channel('info=user_count,subscription_count'),
    ],
    ['the comma as Guzzle encodes it', channel('info=user_count%2Csubscription_count')],
    ['an array as the PHP SDK sends it', channel('info[0]=user_count&info[1]=subscription_count')],
    [
      'an array with its brackets encoded',
      channel('info%5B0%5D=user_count&info%5B1%5D=subscription_count'),
    ],
    ['an array without indices', channel('info[]=user_count&info[]=subscription_count')],
    ['keys in upper case', channel('INFO=user_count,subscription_count')],
    ['every character encoded', channel('%69%6E%66%6F=%75ser_count,subscription_count')],
  ])('accepts the example: %s', (_what, given) => {
    expect(check(given)).toHaveProperty('query')
  })

  it('gives back the parameters it has verified', () => {
    const answer = check(channel('info[0]=user_count&info[1]=subscription_count'))
    expect('query' in answer && answer.query.get('info')).toBe('user_count,subscription_count')
  })

  it('signs the parameters sorted, in whatever order they come', () => {
    const backwards = CHANNELS.query.split('&').reverse().join('&')
    expect(check({ query: backwards })).toHaveProperty('query')
  })

  it.each<[what: string, given: Given]>([
    ['another method', { ...EVENTS, method: 'PUT' }],
    ['another path', { ...CHANNELS, path: '/apps/3/channels/presence-a' }],
    ['another value', { query: CHANNELS.query.replace('presence-', 'private-') }],
    ['a parameter more', { query: `${CHANNELS.query}&more=1` }],
    ['a parameter less', { query: CHANNELS.query.replace('&info=user_count', '') }],
    ['the order of an array', channel('info[]=subscription_count&info[]=user_count')],
    ['a plus sign for a space', { query: signed(`${COMMON}&x=a b`).replace('a b', 'a+b') }],
    [
      'the signature in upper case',
      { query: CHANNELS.query.replace(/[^=]+$/, (hex) => hex.toUpperCase()) },
    ],
    ['half a signature', { query: CHANNELS.query.slice(0, -32) }],
    ['a signature that is too long', { query: `${CHANNELS.query}00` }],
    ['an empty signature', { query: `${COMMON}&auth_signature=` }],
    [
      'a signature of other characters',
      { query: `${COMMON}&auth_signature=${'%C3%A9'.repeat(64)}` },
    ],
    ['another secret', { ...CHANNELS, app: app({ secret: 'another' }) }],
  ])('refuses what was not signed: %s', (_what, given) => {
    expect(check(given)).toEqual(MISMATCH)
  })

  it('has to be there', () => {
    expect(check({ query: COMMON })).toEqual(
      refused('The request is not signed: auth_signature is missing.'),
    )
  })

  it('holds for the path as sent and as decoded: SDKs sign it raw, HTTP clients may encode it', () => {
    const raw = '/apps/3/channels/presence-a,b'
    const encoded = '/apps/3/channels/presence-a%2Cb'
    expect(check({ query: signed(COMMON, 'GET', raw), path: raw })).toHaveProperty('query')
    expect(check({ query: signed(COMMON, 'GET', raw), path: encoded })).toHaveProperty('query')
    expect(check({ query: signed(COMMON, 'GET', encoded), path: encoded })).toHaveProperty('query')
    expect(check({ query: signed(COMMON, 'GET', encoded), path: raw })).toEqual(MISMATCH)
  })

  it('can be of a path that is badly encoded', () => {
    const path = '/apps/3/channels/%zz'
    expect(check({ query: signed(COMMON, 'GET', path), path })).toHaveProperty('query')
  })

  it('may be made with the previous secret while it is being replaced', () => {
    const replaced = app({ secret: 'new', previousSecret: CREDENTIALS.secret })
    expect(check({ ...CHANNELS, app: replaced })).toHaveProperty('query')
    const query = `${COMMON}&auth_signature=${hmac(`GET\n/apps/3/channels\n${COMMON}`, 'new')}`
    expect(check({ query, app: replaced })).toHaveProperty('query')
  })

  it('is of a query that can be read', () => {
    expect(check({ query: `${CHANNELS.query}&${KEY}` })).toEqual(
      refused('The parameter auth_key is given more than once.', 400),
    )
  })
})

describe('what else a signed request says', () => {
  it.each<[what: string, query: string]>([
    ["another app's key", COMMON.replace(CREDENTIALS.key, 'another')],
    ['no key', COMMON.replace(`${KEY}&`, '')],
    ['the key in another case', COMMON.replace(CREDENTIALS.key, CREDENTIALS.key.toUpperCase())],
  ])('names the key of the app in the path, not %s', (_what, query) => {
    expect(check({ query: signed(query) })).toEqual(
      refused(
        "auth_key is not the key of app 3. Check the key and the app id in the Laravel app's .env.",
      ),
    )
  })

  it.each<[what: string, query: string]>([
    ['2.0', COMMON.replace('1.0', '2.0')],
    ['1', COMMON.replace('1.0', '1')],
    ['nothing', COMMON.replace('&auth_version=1.0', '')],
  ])('is of version 1.0, not %s', (_what, query) => {
    expect(check({ query: signed(query) })).toEqual(refused('auth_version must be 1.0.'))
  })

  it.each([
    ['the same second', 0],
    ['600 s behind', -600],
    ['600 s ahead', 600],
  ])('may be of %s', (_what, skew) => {
    const query = signed(COMMON.replace(String(NOW), String(NOW + skew)))
    expect(check({ query })).toHaveProperty('query')
  })

  it.each([
    [-601, "auth_timestamp is 601 s behind this server's clock; 600 s are allowed."],
    [601, "auth_timestamp is 601 s ahead of this server's clock; 600 s are allowed."],
    [-86_400, "auth_timestamp is 86400 s behind this server's clock; 600 s are allowed."],
  ])('is refused with a skew of %i s, and told how much it is', (skew, text) => {
    const query = signed(COMMON.replace(String(NOW), String(NOW + skew)))
    expect(check({ query })).toEqual(refused(`${text} Synchronise the clocks.`))
  })

  it('is judged by the tolerance that is configured', () => {
    const query = signed(COMMON)
    expect(check({ query, now: NOW + 10, tolerance: 10 })).toHaveProperty('query')
    expect(check({ query, now: NOW + 11, tolerance: 10 })).toEqual(
      refused(
        "auth_timestamp is 11 s behind this server's clock; 10 s are allowed. Synchronise the clocks.",
      ),
    )
  })

  it.each(['', 'now', '-1', '1e9', '1353088179.5', '0x50a6a4f3', '9'.repeat(16)])(
    'has a Unix time, not %j',
    (timestamp) => {
      const query = signed(COMMON.replace(String(NOW), timestamp))
      expect(check({ query })).toEqual(refused('auth_timestamp must be a Unix time in seconds.'))
    },
  )

  it('has a time at all', () => {
    const query = signed(COMMON.replace(`&auth_timestamp=${NOW}`, ''))
    expect(check({ query })).toEqual(refused('auth_timestamp must be a Unix time in seconds.'))
  })
})

describe('body_md5', () => {
  const post = (body: string, digest: string | undefined): Given => ({
    method: 'POST',
    path: '/apps/3/events',
    body,
    query: signed(
      digest === undefined ? COMMON : `${COMMON}&body_md5=${digest}`,
      'POST',
      '/apps/3/events',
    ),
  })

  it.each<[what: string, given: Given]>([
    ['is the MD5 of the body', post('{"a":"é"}', md5('{"a":"é"}'))],
    ['may be left out without a body', post('', undefined)],
    ['may be that of an empty body', post('', md5(''))],
  ])('%s', (_what, given) => {
    expect(check(given)).toHaveProperty('query')
  })

  it('has to come with a body', () => {
    expect(check(post('{}', undefined))).toEqual(
      refused('body_md5 is missing: a body has to be signed too.'),
    )
  })

  it.each<[what: string, given: Given]>([
    ['that of another body', post('{}', md5('[]'))],
    ['there without a body', post('', md5('{}'))],
    ['in upper case', post('{}', md5('{}').toUpperCase())],
    ['too short', post('{}', md5('{}').slice(1))],
    ['empty', post('{}', '')],
    ['32 characters that are more bytes', post('{}', 'é'.repeat(32))],
  ])('is refused: %s', (_what, given) => {
    expect(check(given)).toEqual(
      refused(
        'body_md5 is not the MD5 of the body received. Check that no proxy changes the body.',
      ),
    )
  })
})

describe('a request that is written as the SDKs write it', () => {
  const post = (query: string, body = '{}', secret?: string): Given => {
    const all = `${query}&body_md5=${md5('{}')}`
    const signature = hmac(`POST\n/apps/3/events\n${all}`, secret)
    const path = '/apps/3/events'
    return { method: 'POST', path, query: `${all}&auth_signature=${signature}`, body }
  }

  it.each<[what: string, given: Given, status: number | undefined]>([
    ['in order', post(COMMON), undefined],
    ['600 s behind', post(COMMON.replace(String(NOW), String(NOW - 600))), undefined],
    ['601 s behind', post(COMMON.replace(String(NOW), String(NOW - 601))), 401],
    ['601 s ahead', post(COMMON.replace(String(NOW), String(NOW + 601))), 401],
    ["with another app's key", post(COMMON.replace(CREDENTIALS.key, 'another')), 401],
    ['of version 2.0', post(COMMON.replace('1.0', '2.0')), 401],
    ['with another body', post(COMMON, '[]'), 401],
    ['with another secret', post(COMMON, '{}', 'other'), 401],
  ])('is judged as any other: %s', (_what, given, status) => {
    const [auth = '', ...others] = given.query.split('&')
    const otherwise = { ...given, query: [...others, auth].join('&') }
    const answer = check(given)
    expect('status' in answer ? answer.status : undefined).toBe(status)
    if (status !== undefined) expect(answer).toEqual(check(otherwise))
    else expect(check(otherwise)).toHaveProperty('query')
  })
})
