/**
 * The vectors of Pusher's documentation and server SDKs, all for one app. The fifth is printed stale
 * in the documentation (it belongs to another name); this is the recomputed one.
 */

import { describe, expect, it } from 'vitest'
import { Secret } from '../../channels/secret.ts'
import { channelText, isHmac, isSigned, sign, userText } from '../../channels/signature.ts'

const KEY = '278d425bdf160c739803'
const secret = (text: string) => new Secret(text)
const SECRETS = [secret('7ad3773142a6692b25b8')]
const app = { key: KEY, secrets: SECRETS }

const PRESENCE_DATA = '{"user_id":10,"user_info":{"name":"Mr. Channels"}}'
const PRIVATE_FOOBAR = '58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4'

describe('an HMAC', () => {
  it.each([
    [
      'POST events',
      'POST\n/apps/3/events\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f',
      'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
    ],
    [
      'GET channels',
      'GET\n/apps/3/channels\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&filter_by_prefix=presence-&info=user_count',
      '16819168891cb5dfd72b5c7a5d3d602605b26c6ba1930033b5e2eeeb65010291',
    ],
    [
      'GET channel with a comma',
      'GET\n/apps/3/channels/c\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&info=user_count,subscription_count',
      '1d1155a0ebeb98ea04f39ce6af2fc826b0162b6f599ad281fea15c5d18b6266c',
    ],
    ['private', channelText('1234.1234', 'private-foobar'), PRIVATE_FOOBAR],
    [
      'presence with a numeric id',
      channelText('1234.1234', 'presence-foobar', PRESENCE_DATA),
      '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
    ],
    [
      'presence with a string id',
      channelText('1234.1234', 'presence-foobar', PRESENCE_DATA.replace('10', '"10"')),
      '4c6d8fc42a207ba96a0779844171b0bb819d96ffceef9609f5cce596ab17a800',
    ],
    [
      'user',
      userText('1234.1234', '{"id":"12345"}'),
      '4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba',
    ],
    [
      'encrypted',
      channelText('1234.1234', 'private-encrypted-foo'),
      'e85caab4331194145d44feae15aea9539ea50631afacbc593a9555ceadc42357',
    ],
    [
      'private cache',
      channelText('1234.1234', 'private-cache-foo'),
      'a62de12ce80893ec63e0af7f4628cbf23565b09a27d563cd6dee8c15fe130426',
    ],
    [
      'webhook body',
      '{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"my-channel"}]}',
      'c19001ae3963ccb13bf618e5b16ba9848e7e74df0993aa0689168e341c6833cf',
    ],
  ])('equals the published vector: %s', (_what, text, hmac) => {
    expect(isHmac(hmac, text, SECRETS)).toBe(true)
    expect(isHmac(hmac, `${text} `, SECRETS)).toBe(false)
  })
})

describe('auth', () => {
  const text = channelText('1234.1234', 'private-foobar')
  const signed = (auth: string | undefined) => isSigned(auth, text, app)

  it('is the key, a colon and the HMAC', () => {
    expect(signed(`${KEY}:${PRIVATE_FOOBAR}`)).toBe(true)
  })

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['the HMAC alone', PRIVATE_FOOBAR],
    ['the key alone', KEY],
    ['the key and a colon', `${KEY}:`],
    ['of another key', `another:${PRIVATE_FOOBAR}`],
    ['without a key', `:${PRIVATE_FOOBAR}`],
    ['of a longer key', `${KEY}0:${PRIVATE_FOOBAR}`],
    ['in capitals', `${KEY}:${PRIVATE_FOOBAR.toUpperCase()}`],
    ['one digit short', `${KEY}:${PRIVATE_FOOBAR.slice(0, -1)}`],
    ['one digit long', `${KEY}:${PRIVATE_FOOBAR}0`],
    ['not hexadecimal', `${KEY}:${'g'.repeat(64)}`],
    ['of as many bytes in another script', `${KEY}:${'\u00e9'.repeat(64)}`],
    ['with a space', `${KEY}: ${PRIVATE_FOOBAR}`],
    ['with a line break', `${KEY}:${PRIVATE_FOOBAR}\n`],
    ['wrong in its last digit', `${KEY}:${PRIVATE_FOOBAR.slice(0, -1)}5`],
  ])('is refused when it is %s', (_what, auth) => {
    expect(signed(auth)).toBe(false)
  })

  it('is accepted under the secret that is being replaced, and under no other', () => {
    const rotating = { key: KEY, secrets: [secret('new'), ...SECRETS] }
    expect(isSigned(`${KEY}:${PRIVATE_FOOBAR}`, text, rotating)).toBe(true)
    const rotated = { key: KEY, secrets: [secret('new')] }
    expect(isSigned(`${KEY}:${PRIVATE_FOOBAR}`, text, rotated)).toBe(false)
  })
})

describe('what is signed', () => {
  it('holds channel_data as received, whatever the kind', () => {
    expect(channelText('1.2', 'private-a', '{"a":"\\/\\u00e9"}')).toBe(
      '1.2:private-a:{"a":"\\/\\u00e9"}',
    )
  })

  it('holds empty channel_data too, which is not the same as none', () => {
    expect(channelText('1.2', 'private-a', '')).toBe('1.2:private-a:')
    expect(channelText('1.2', 'private-a')).toBe('1.2:private-a')
  })

  it('keeps users apart from channels by two colons', () => {
    expect(userText('1.2', '{}')).toBe('1.2::user::{}')
  })
})

describe('signing', () => {
  const TEXT = channelText('1234.1234', 'private-foobar')

  it('makes what the SDKs make', () => {
    expect(sign(TEXT, app)).toBe(`${KEY}:${PRIVATE_FOOBAR}`)
  })

  it('uses the secret in force, not the one that is being replaced', () => {
    const auth = sign(TEXT, { key: KEY, secrets: [secret('new'), ...SECRETS] })
    expect(isSigned(auth, TEXT, { key: KEY, secrets: [secret('new')] })).toBe(true)
    expect(isSigned(auth, TEXT, app)).toBe(false)
  })

  it('covers texts of any length and character', () => {
    for (const text of ['', 'é🙂', 'a'.repeat(1024), '🙂'.repeat(5000)]) {
      expect(isSigned(sign(text, app), text, app)).toBe(true)
    }
  })
})
