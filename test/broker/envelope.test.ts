import { describe, expect, it } from 'vitest'
import {
  decodeEnvelope,
  type EventRecord,
  encodeRecord,
  headOf,
  isFrom,
} from '../../src/broker/envelope.ts'

const HEAD = headOf('node')
const EVENT: EventRecord = {
  type: 'event',
  appId: '1',
  channels: ['news', 'presence-lobby'],
  event: 'posted',
  data: '{"id":1}',
  exceptSocketId: '1.2',
  userId: 'ann',
  source: 'client',
}
const line = (fields: object): string => `${JSON.stringify(fields)}\n`
const MEMBER = {
  t: 'm',
  a: '1',
  c: 'presence-lobby',
  k: '+',
  u: 'ann',
  i: '{}',
  p: 1,
  s: 2,
  g: 'g',
}
const COUNT = { t: 'n', a: '1', c: 'news', n: 3, s: 4 }

describe('an envelope', () => {
  it('carries events as they were published', () => {
    const bare: EventRecord = {
      ...EVENT,
      exceptSocketId: undefined,
      userId: undefined,
      source: 'http',
    }
    const text = HEAD + encodeRecord(EVENT) + encodeRecord(bare)
    expect(decodeEnvelope(text)).toEqual({ sender: 'node', records: [EVENT, bare], malformed: 0 })
  })

  it.each([
    ['nothing', ''],
    ['line breaks', 'one\ntwo\r\n\n{"t":"x","a":"1","u":"ann"}\n'],
    ['characters of two units', '"\u{1f600}\u{1f600}"'],
    ['lone surrogates', '"\ud83d"'],
    ['line separators and zeros', '"\u2028\u2029\0"'],
    ['a megabyte', 'x'.repeat(1024 * 1024)],
  ])('carries data of %s', (_what, data) => {
    const text = HEAD + encodeRecord({ ...EVENT, data }) + encodeRecord(EVENT)
    expect(decodeEnvelope(text)?.records).toEqual([{ ...EVENT, data }, EVENT])
  })

  it('carries lone surrogates through UTF-8, which has none', () => {
    const text = HEAD + encodeRecord({ ...EVENT, data: '"\ud83d"' }) + encodeRecord(EVENT)
    const envelope = decodeEnvelope(Buffer.from(text, 'utf8').toString('utf8'))
    expect(envelope?.records).toEqual([{ ...EVENT, data: '"\ud83d"' }, EVENT])
  })

  it('carries who is to go, who has come or gone, and how many there are', () => {
    const text = `${HEAD}${encodeRecord({ type: 'terminate', appId: '1', userId: 'a\nb' })}${line(MEMBER)}${line({ ...MEMBER, k: '-', i: undefined })}${line(COUNT)}`
    const member = {
      type: 'member',
      appId: '1',
      channel: 'presence-lobby',
      change: 'added',
      userId: 'ann',
      userInfo: '{}',
      before: 1,
      number: 2,
      generation: 'g',
    }
    expect(decodeEnvelope(text)).toEqual({
      sender: 'node',
      malformed: 0,
      records: [
        { type: 'terminate', appId: '1', userId: 'a\nb' },
        member,
        { ...member, change: 'removed', userInfo: 'null' },
        { type: 'count', appId: '1', channel: 'news', count: 3, number: 4 },
      ],
    })
  })

  it('carries what is asked of every node', () => {
    const record = {
      type: 'question',
      id: '0af9',
      question: { of: 'users', after: ['1', 'a\nb'] },
    } as const
    expect(decodeEnvelope(HEAD + encodeRecord(record))).toEqual({
      sender: 'node',
      records: [record],
      malformed: 0,
    })
  })

  it.each(['', 'x:y', '0AF9', 'a'.repeat(65), 1, undefined])(
    'is malformed where a question has the id %s, which would be a part of a key',
    (id) => {
      const text = HEAD + line({ t: 'q', i: id, q: {} })
      expect(decodeEnvelope(text)).toEqual({ sender: 'node', records: [], malformed: 1 })
    },
  )

  it('without records is empty', () => {
    expect(decodeEnvelope(HEAD)).toEqual({ sender: 'node', records: [], malformed: 0 })
  })

  it('of a later release is read as far as it is known', () => {
    const text = [
      line({ v: 1, n: 'node', more: true }),
      line({ t: 'z', a: '1' }),
      line({ t: 'z', l: 5 }),
      'a\nb"c\n',
      line({ ...COUNT, more: [1] }),
    ].join('')
    expect(decodeEnvelope(text)).toEqual({
      sender: 'node',
      malformed: 0,
      records: [{ type: 'count', appId: '1', channel: 'news', count: 3, number: 4 }],
    })
  })

  it('tells whether this node has sent it', () => {
    expect(isFrom(HEAD + encodeRecord(EVENT), HEAD)).toBe(true)
    expect(isFrom(headOf('node2') + encodeRecord(EVENT), HEAD)).toBe(false)
  })
})

describe('what is no envelope is dropped:', () => {
  it.each([
    ['nothing', ''],
    ['no line', '{"v":1,"n":"node"}'],
    ['no JSON', 'hello\n'],
    ['JSON that is no object', '[1]\n'],
    ['null', 'null\n'],
    ['a record without a head', line(COUNT)],
    ['an older version', line({ v: 0, n: 'node' })],
    ['a newer version', line({ v: 2, n: 'node' })],
    ['a version that is text', line({ v: '1', n: 'node' })],
    ['no version', line({ n: 'node' })],
    ['no sender', line({ v: 1 })],
    ['a sender that is a number', line({ v: 1, n: 1 })],
  ])('%s', (_what, text) => {
    expect(decodeEnvelope(text)).toBeUndefined()
  })
})

const event = { t: 'e', a: '1', c: ['news'], e: 'posted', s: 'http', l: 2 }

describe('a malformed record is counted, and the next one read:', () => {
  it.each([
    ['an event without an app', `${line({ ...event, a: undefined })}{}\n`],
    ['an event without a name', `${line({ ...event, e: 1 })}{}\n`],
    ['an event without channels', `${line({ ...event, c: 'news' })}{}\n`],
    ['an event on a channel that is no text', `${line({ ...event, c: ['news', 1] })}{}\n`],
    ['an event around a socket that is no text', `${line({ ...event, x: 1 })}{}\n`],
    ['an event of a user that is no text', `${line({ ...event, u: null })}{}\n`],
    ['an event from nowhere', `${line({ ...event, s: 'sky' })}{}\n`],
    ['a member without a user', line({ ...MEMBER, u: 1 })],
    ['a member who neither came nor went', line({ ...MEMBER, k: '*' })],
    ['a member without a number', line({ ...MEMBER, s: '2' })],
    ['a member without a number before', line({ ...MEMBER, p: undefined })],
    ['a member of no generation', line({ ...MEMBER, g: 7 })],
    ['a count that is no number', line({ ...COUNT, n: '3' })],
    ['a count without a channel', line({ ...COUNT, c: undefined })],
    ['a termination of nobody', line({ t: 'x', a: '1' })],
  ])('%s', (_what, text) => {
    const envelope = decodeEnvelope(`${HEAD}${text}${line(COUNT)}`)
    expect(envelope?.malformed).toBe(1)
    expect(envelope?.records).toHaveLength(1)
  })
})

describe('where the next record begins is not known behind', () => {
  it.each([
    ['a line that is no JSON', 'hello\n'],
    ['JSON that is no object', '3\n'],
    ['data that is shorter than it says', `${line({ ...event, l: 3 })}{}\n`],
    ['data that is longer than it says', `${line({ ...event, l: 1 })}{}\n`],
    ['a length that is no number', `${line({ ...event, l: '2' })}{}\n`],
    ['a length that is no whole number', `${line({ ...event, l: 1.5 })}{}\n`],
    ['a negative length', `${line({ ...event, l: -1 })}{}\n`],
    ['a length that leads back to its own record', line({ t: 'z', l: -19 })],
    ['a length beyond the end', `${line({ ...event, l: 1e9 })}{}\n`],
  ])('%s', (_what, text) => {
    const envelope = decodeEnvelope(`${HEAD}${line(COUNT)}${text}${line(COUNT)}`)
    expect(envelope?.records).toHaveLength(1)
    expect(envelope?.malformed).toBe(1)
  })

  it('a record that is cut off', () => {
    const text = HEAD + encodeRecord(EVENT)
    for (let length = HEAD.length + 1; length < text.length; length += 1) {
      expect(decodeEnvelope(text.slice(0, length))).toMatchObject({ records: [], malformed: 1 })
    }
  })
})
