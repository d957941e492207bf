/** Well-formed HTTP whose query, path or body is not what an SDK sends. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { expectAlive } from '../support/alive.ts'
import { exchange, type RawAnswer, request } from '../support/raw-http.ts'
import { APP, signedPath, startServer } from '../support/server.ts'

const EVENT = '{"name":"e","data":"1","channel":"a"}'

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

const post = (body: string): string =>
  request('POST', signedPath(APP, 'POST', '/apps/3/events', body), body)

const refused = (text: string, status = 400): Partial<RawAnswer> => ({
  status,
  body: JSON.stringify({ error: text, code: status }),
})

describe('a query', () => {
  const SIGNED = signedPath(APP, 'GET', '/apps/3/channels')

  it.each<[what: string, more: string, answer: Partial<RawAnswer>]>([
    [
      'a parameter twice',
      `&auth_key=${APP.key}`,
      refused('The parameter auth_key is given more than once.'),
    ],
    [
      'a parameter as value and array',
      '&auth_key[]=x',
      refused('The parameter auth_key is given more than once.'),
    ],
    [
      'five hundred parameters',
      Array.from({ length: 500 }, (_, index) => `&p${index}=`).join(''),
      refused('The query has more than 100 parameters.'),
    ],
    [
      'six hundred array values',
      '&a[]='.repeat(600),
      refused('The query has more than 100 parameters.'),
    ],
    ['a thousand ampersands', '&'.repeat(1000), refused('The query has more than 100 parameters.')],
  ])('is refused with %s', async (_what, more, answer) => {
    await using server = await startServer()
    expect(await exchange(server.port, request('GET', SIGNED + more))).toMatchObject(answer)
    await expectAlive(server)
  })

  it.each<[what: string, more: string]>([
    ['percent signs that encode nothing', '&a=%&b=%zz&c=%FF'],
    ['encoded zero bytes', '&a=%00'],
    ['raw bytes that are not UTF-8', '&a=\xff\xfe'],
    ['another question mark', '&a=?b'],
    ['__proto__', '&__proto__=a&constructor=b&__proto__[x]=c'],
    ['a body_md5 of other characters', `&body_md5=${'%C3%A9'.repeat(32)}`],
    ['only brackets', '&[]=a'],
  ])('is not what was signed with %s more', async (_what, more) => {
    await using server = await startServer()
    const bytes = Buffer.from(request('GET', SIGNED + more), 'latin1')
    expect([400, 401]).toContain((await exchange(server.port, bytes))?.status)
    await expectAlive(server)
  })
})

describe('a path', () => {
  it.each<[what: string, path: string, status: number]>([
    ['encoded dots', '/apps/3/channels/%2e%2e/users', 401],
    ['plain dots', '/apps/3/channels/../events', 404],
    ['an encoded slash', '/apps/3/channels/a%2Fusers', 401],
    ['an encoded zero byte', '/apps/3/channels/a%00', 401],
    ['an encoded line break', '/apps/3/channels/a%0d%0aX', 401],
    ['a bad encoding', '/apps/3/channels/%zz', 404],
    ['half an encoding', '/apps/3/channels/%C3', 404],
    ['raw bytes that are not UTF-8', '/apps/3/channels/\xff', 401],
    ['a thousand slashes', `/apps/3/channels${'/'.repeat(1000)}`, 404],
    ['a backslash', '/apps/3\\channels', 404],
    ['a semicolon', '/apps/3/channels;a=b', 404],
    ['a long name', `/apps/3/channels/${'a'.repeat(3000)}`, 401],
  ])('is answered with JSON: %s', async (_what, path, status) => {
    await using server = await startServer()
    const answer = await exchange(server.port, Buffer.from(request('GET', path), 'latin1'))
    expect(answer?.status).toBe(status)
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: status })
    await expectAlive(server)
  })
})

describe('the body of a signed request', () => {
  const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

  it.each<[what: string, body: string, text: string]>([
    ['a million brackets', deep(1_000_000), 'An event is a JSON object.'],
    ['a million opening brackets', '['.repeat(1_000_000), 'The body is not JSON.'],
    [
      'a million brackets as data',
      `{"name":"e","channel":"a","data":${deep(1_000_000)}}`,
      'The data is nested too deeply.',
    ],
    [
      'a million brackets as channels',
      `{"name":"e","data":"1","channels":${deep(1_000_000)}}`,
      'A channel name is a string of at most 200 of the characters A-Z a-z 0-9 _ - = @ , . ;',
    ],
    [
      'a hundred thousand channels',
      JSON.stringify({ name: 'e', data: '1', channels: Array(100_000).fill('a') }),
      'An event goes to at most 100 channels (limits.channelsPerEvent); this one names 100000.',
    ],
    ['a hundred thousand numbers', `[${'1,'.repeat(100_000)}1]`, 'An event is a JSON object.'],
    ['a number', '1e999', 'An event is a JSON object.'],
    ['a string', '"event"', 'An event is a JSON object.'],
    ['an event in __proto__', `{"__proto__":${EVENT}}`, 'An event needs a "name".'],
    ['a form', 'name=e&channel=a&data=1', 'The body is not JSON.'],
    ['a page', '<html></html>', 'The body is not JSON.'],
    ['zero bytes', '\0'.repeat(1000), 'The body is not JSON.'],
    ['half of an event', EVENT.slice(0, 20), 'The body is not JSON.'],
    ['two events', EVENT + EVENT, 'The body is not JSON.'],
  ])('is refused when it is %s', async (_what, body, text) => {
    await using server = await startServer()
    expect(await exchange(server.port, post(body))).toMatchObject(refused(text))
    await expectAlive(server)
  })

  it.each<[what: string, bytes: number[]]>([
    ['stray bytes', [0x22, 0xff, 0xfe, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['half a character', [0x22, 0xc3, 0x22]],
  ])('is refused when it is not UTF-8: %s', async (_what, bytes) => {
    await using server = await startServer()
    const body = Buffer.from(bytes)
    const target = signedPath(APP, 'POST', '/apps/3/events', '', { body_md5: md5(body) })
    const head = `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`
    const answer = await exchange(server.port, Buffer.concat([Buffer.from(head), body]))
    expect(answer).toMatchObject(refused('The body is not UTF-8 text.'))
    await expectAlive(server)
  })

  it('may escape lone surrogates: they arrive as they were sent', async () => {
    await using server = await startServer()
    const client = await server.connect()
    await client.subscribe('a')
    const body = '{"name":"\\ud800","data":"\\udfff","channel":"a"}'
    expect(await exchange(server.port, post(body))).toMatchObject({ status: 200, body: '{}' })
    expect(await client.nextText()).toBe('{"event":"\\ud800","channel":"a","data":"\\udfff"}')
  })
})
