import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { SubscribeRequest } from '../../channels/kind.ts'
import { presenceChannel } from '../../channels/presence.ts'
import { Secret } from '../../channels/secret.ts'
import { channelText } from '../../channels/signature.ts'

const SECRET = 'secret'
const app = {
  key: 'key',
  secrets: [new Secret(SECRET)],
  limits: { presenceMemberBytes: 2048 },
}
const ann = { userId: 'ann', userInfo: '{"name":"Ann"}' }

function admit(channelData: string | undefined, more: Partial<SubscribeRequest> = {}, by = app) {
  const text = channelText('1.1', 'presence-lobby', channelData)
  const auth = `key:${createHmac('sha256', SECRET).update(text).digest('hex')}`
  const request = { socketId: '1.1', channel: 'presence-lobby', auth, channelData, user: undefined }
  return presenceChannel.admit({ ...request, ...more }, by)
}

describe('a presence channel', () => {
  it('admits a signed member, and keeps its user_info as JSON text', () => {
    expect(admit('{"user_id":"7","user_info":{"name":"A","tags":["x"]}}')).toEqual({
      admitted: true,
      member: { userId: '7', userInfo: '{"name":"A","tags":["x"]}' },
    })
  })

  it.each([
    ['a number, as older SDKs send it', '7', '7'],
    ['zero', '0', '0'],
    ['text that looks like a number', '"7"', '7'],
    ['text of 128 characters', JSON.stringify('x'.repeat(128)), 'x'.repeat(128)],
    ['a name that objects have', '"__proto__"', '__proto__'],
    ['a number with more digits than JavaScript keeps', '9007199254740993', '9007199254740993'],
    ['a negative one of those', ' -9007199254740993 ', '-9007199254740993'],
    ['a fraction', '7.5', '7.5'],
  ])('takes a user_id that is %s', (_what, id, userId) => {
    expect(admit(`{"user_id":${id}}`)).toEqual({
      admitted: true,
      member: { userId, userInfo: 'null' },
    })
  })

  it.each([
    ['absent', '{"user_info":{}}'],
    ['empty', '{"user_id":""}'],
    ['null', '{"user_id":null}'],
    ['true', '{"user_id":true}'],
    ['an object', '{"user_id":{"id":7}}'],
    ['an array', '{"user_id":["7"]}'],
    ['no finite number', '{"user_id":1e999}'],
    [
      'a number of so many digits that another, elsewhere, may be meant',
      '{"user_id":9007199254740993,"user_info":{"user_id":9007199254740992}}',
    ],
    ['longer than 128 characters', JSON.stringify({ user_id: 'x'.repeat(129) })],
    ['inherited, not its own', '{"__proto__":{"user_id":"7"}}'],
  ])('refuses a user_id that is %s', (_what, channelData) => {
    expect(admit(channelData)).toMatchObject({
      admitted: false,
      refusal: { reason: 'member', type: 'AuthError', status: 401 },
    })
  })

  it.each([
    ['empty', ''],
    ['not JSON', '{user_id:7}'],
    ['null', 'null'],
    ['a number', '7'],
    ['a string', '"7"'],
    ['an array', '[{"user_id":"7"}]'],
  ])('refuses channel_data that is %s', (_what, channelData) => {
    expect(admit(channelData)).toMatchObject({ admitted: false, refusal: { reason: 'member' } })
  })

  it.each([
    ['true, as a Laravel callback may return', 'true'],
    ['null', 'null'],
    ['a list', '[1,2]'],
    ['text', '"Ann"'],
  ])('takes a user_info that is %s', (_what, info) => {
    expect(admit(`{"user_id":"7","user_info":${info}}`)).toMatchObject({
      member: { userInfo: info },
    })
  })

  it('refuses a user_info that is nested too deeply to be written out again', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const roomy = { ...app, limits: { presenceMemberBytes: 2 ** 20 } }
    expect(admit(`{"user_id":"7","user_info":${deep}}`, {}, roomy)).toMatchObject({
      refusal: { reason: 'member' },
    })
  })

  it('checks the signature against the text received, escapes and all', () => {
    const escaped = '{"user_id":"7","user_info":{"url":"https:\\/\\/x","name":"Ren\\u00e9"}}'
    expect(admit(escaped)).toMatchObject({ admitted: true })
    const reserialised = JSON.stringify(JSON.parse(escaped))
    expect(admit(escaped, { channelData: reserialised })).toMatchObject({
      admitted: false,
      refusal: { reason: 'signature', status: 401 },
    })
  })

  it('refuses a wrong signature before it looks at the member', () => {
    expect(admit('not JSON', { auth: 'key:0' })).toMatchObject({
      refusal: { reason: 'signature' },
    })
  })

  it('takes a member of 2048 bytes, and none of 2049', () => {
    const frame = '{"user_id":"7","user_info":""}'
    const sized = (bytes: number) =>
      frame.replace('""', JSON.stringify('x'.repeat(bytes - frame.length)))
    expect(admit(sized(2048))).toMatchObject({ admitted: true })
    expect(admit(sized(2049))).toMatchObject({
      admitted: false,
      refusal: { reason: 'member-size', type: 'LimitReached', status: 4301 },
    })
  })

  it('takes the signed-in user where there is no channel_data', () => {
    expect(admit(undefined, { user: ann })).toEqual({ admitted: true, member: ann })
  })

  it('prefers channel_data to the signed-in user', () => {
    expect(admit('{"user_id":"7"}', { user: ann })).toEqual({
      admitted: true,
      member: { userId: '7', userInfo: 'null' },
    })
  })

  it('refuses somebody unknown: neither channel_data nor a signed-in user', () => {
    expect(admit(undefined)).toMatchObject({
      admitted: false,
      refusal: { reason: 'member', status: 401 },
    })
  })
})
