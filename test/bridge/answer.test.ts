/** The table of what Laravel says, row by row. */
import { describe, expect, it } from 'vitest'
import { type Reading, readAnswer, type Subject } from '../../src/bridge/answer.ts'

const URL_ASKED = 'http://laravel.test/broadcasting/auth'

const read = (
  body: string,
  subject: Subject,
  status = 200,
  headers: Record<string, string> = {},
): Reading => readAnswer({ status, headers, body }, URL_ASKED, subject)

const SUBJECTS = ['private', 'presence', 'encrypted', 'user'] as const

describe('a 200 with a string "auth"', () => {
  it.each(SUBJECTS)('passes for %s, whatever else is in it', (subject) => {
    const body = '{"auth":"k:s","shared_secret":"b64","more":[1]}'
    expect(read(body, subject)).toEqual({
      outcome: 'passed',
      auth: 'k:s',
      data: undefined,
    })
  })

  it('brings its channel_data when that is text', () => {
    expect(read('{"auth":"k:s","channel_data":"{\\"user_id\\":\\"7\\"}"}', 'presence')).toEqual({
      outcome: 'passed',
      auth: 'k:s',
      data: '{"user_id":"7"}',
    })
  })
})

describe('a 200 with true', () => {
  it.each<[Subject, Reading]>([
    ['private', { outcome: 'signed', data: undefined }],
    ['presence', { outcome: 'no_member' }],
    ['encrypted', { outcome: 'no_secret' }],
    ['user', { outcome: 'no_user' }],
  ])('means for %s: %j', (subject, reading) => {
    expect(read('true', subject)).toEqual(reading)
    expect(read(' true\r\n', subject)).toEqual(reading)
  })
})

describe('a 200 with an object channel_data', () => {
  const BODY = '{"channel_data":{"user_id":7,"user_info":{"name":"Ann"}}}'

  it.each<[Subject, Reading]>([
    ['private', { outcome: 'signed', data: undefined }],
    ['presence', { outcome: 'signed', data: '{"user_id":"7","user_info":{"name":"Ann"}}' }],
    ['encrypted', { outcome: 'no_secret' }],
    ['user', { outcome: 'no_user' }],
  ])('means for %s: %j', (subject, reading) => {
    expect(read(BODY, subject)).toEqual(reading)
  })

  it.each([
    ['a string', '"7"', '"7"'],
    ['a number', '7', '"7"'],
    ['zero', '0', '"0"'],
    ['a number beyond 2^53', '9007199254740993', '"9007199254740993"'],
    ['a fraction', '1.50', '"1.5"'],
    ['a UUID', '"0198-ab"', '"0198-ab"'],
    ['escaped', '"\\u00e9\\/"', '"é/"'],
  ])('has a user_id that is %s as a string', (_what, id, text) => {
    const body = `{"channel_data":{"user_id":${id},"user_info":null}}`
    expect(read(body, 'presence')).toEqual({
      outcome: 'signed',
      data: `{"user_id":${text},"user_info":null}`,
    })
  })

  it.each([
    ['absent', '{"user_info":{}}'],
    ['null', '{"user_id":null}'],
    ['true', '{"user_id":true}'],
    ['an empty string', '{"user_id":""}'],
    ['a list', '{"user_id":[7]}'],
    ['an object', '{"user_id":{"id":7}}'],
    ['too long', `{"user_id":"${'7'.repeat(129)}"}`],
  ])('names no member when its user_id is %s', (_what, data) => {
    expect(read(`{"channel_data":${data}}`, 'presence')).toEqual({ outcome: 'no_member' })
  })

  it('keeps user_info letter for letter, however deep and large', () => {
    const info = `{"n":12345678901234567890,"u":"\\u00e9\\/","d":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    expect(
      read(`{ "channel_data" : { "user_info" : ${info} , "user_id" : 7 } }`, 'presence'),
    ).toEqual({
      outcome: 'signed',
      data: `{"user_id":"7","user_info":${info}}`,
    })
  })

  it('needs no user_info', () => {
    expect(read('{"channel_data":{"user_id":7}}', 'presence')).toEqual({
      outcome: 'signed',
      data: '{"user_id":"7"}',
    })
  })
})

describe('a 200 with a user', () => {
  it.each([
    ['a string id', '{"id":"7"}', '{"id":"7"}'],
    ['a number id', '{"id":7,"user_info":{"a":1}}', '{"id":"7","user_info":{"a":1}}'],
    ['its id at the end', '{"watchlist":["2"],"id":7}', '{"id":"7","watchlist":["2"]}'],
  ])('is signed with %s', (_what, body, data) => {
    expect(read(body, 'user')).toEqual({ outcome: 'signed', data })
  })

  it.each([
    '{"id":null}',
    '{"id":""}',
    '{"id":[1]}',
    '{"id":true}',
    '{"id":"a b"}',
    '{"name":"Ann"}',
    '{}',
  ])('names nobody when it is %s', (body) => {
    expect(read(body, 'user')).toEqual({ outcome: 'no_user' })
  })
})

describe('any other 200', () => {
  it.each<[string, string, string]>([
    ['nothing', '', 'empty'],
    ['white space', ' \n', 'empty'],
    ['a page', '<!DOCTYPE html><html></html>', 'html'],
    ['a warning of PHP before the answer', '<br />\n<b>Warning</b>: x\ntrue', 'html'],
    ['text', 'Unauthenticated.', 'not_json'],
    ['half of an answer', '{"channel_data":', 'not_json'],
    ['JSONP', 'cb({"auth":"k:s"})', 'not_json'],
    ['false', 'false', 'unusable'],
    ['null', 'null', 'unusable'],
    ['1', '1', 'unusable'],
    ['the text true', '"true"', 'unusable'],
    ['a list', '[]', 'unusable'],
    ['a list of true', '[true]', 'unusable'],
  ])('is a refusal: %s', (_what, body, outcome) => {
    for (const subject of SUBJECTS) expect(read(body, subject)).toEqual({ outcome })
  })

  it.each([
    ['an empty object', '{}'],
    ['auth that is no string', '{"auth":true}'],
    ['channel_data as text without auth', '{"channel_data":"{\\"user_id\\":7}"}'],
    ['channel_data as a list', '{"channel_data":[]}'],
    ['a message', '{"message":"ok"}'],
  ])('is a refusal for channels: %s', (_what, body) => {
    for (const subject of ['private', 'presence', 'encrypted'] as const) {
      expect(read(body, subject)).toEqual({ outcome: 'unusable' })
    }
  })
})

describe('another status', () => {
  it.each([
    [201, 'failed'],
    [204, 'empty'],
    [400, 'failed'],
    [401, 'unauthenticated'],
    [403, 'denied'],
    [404, 'not_found'],
    [405, 'not_found'],
    [419, 'expired'],
    [422, 'failed'],
    [429, 'throttled'],
    [500, 'failed'],
    [502, 'failed'],
    [503, 'maintenance'],
    [508, 'loop'],
  ])('%d never allows, whatever the body says', (status, outcome) => {
    for (const body of ['true', '{"auth":"k:s"}', '{"id":"7"}', '']) {
      for (const subject of SUBJECTS) expect(read(body, subject, status)).toEqual({ outcome })
    }
  })

  it.each([
    ['/login', 'login'],
    ['http://laravel.test/login', 'login'],
    ['https://sso.test/', 'login'],
    ['http://[', 'login'],
    ['https://laravel.test/broadcasting/auth', 'moved'],
    ['http://www.laravel.test/broadcasting/auth', 'moved'],
  ])('302 to "%s" is %s', (location, outcome) => {
    expect(read('true', 'private', 302, { location })).toEqual({ outcome })
  })
})
