import { describe, expect, it } from 'vitest'
import { decodePath, parseQuery } from '../../src/http-api/query.ts'

const read = (text: string): Record<string, string> | string => {
  const query = parseQuery(text)
  return typeof query === 'string' ? query : Object.fromEntries(query)
}

describe('the query of a request', () => {
  it.each<[what: string, text: string, parameters: Record<string, string>]>([
    ['nothing', '', {}],
    ['plain parameters', 'a=1&b=2', { a: '1', b: '2' }],
    ['keys in any case, as lower case', 'Auth_KEY=Key', { auth_key: 'Key' }],
    ['encoded values', 'info=user_count%2Ccache', { info: 'user_count,cache' }],
    ['values as the Node SDK leaves them', 'info=user_count,cache', { info: 'user_count,cache' }],
    ['encoded keys', 'filter%5Fby=x', { filter_by: 'x' }],
    ['encoded UTF-8', 'a=%C3%A9%F0%9F%98%80', { a: 'é😀' }],
    ['a plus sign as itself', 'a=b+c', { a: 'b+c' }],
    ['an equals sign in a value', 'a=b=c=', { a: 'b=c=' }],
    ['a parameter without a value', 'a&b=', { a: '', b: '' }],
    ['empty pairs', '&&a=1&', { a: '1' }],
    ['percent signs that encode nothing', 'a=100%&b=%zz&c=%FF', { a: '100%', b: '%zz', c: '%FF' }],
    ['brackets that follow no name', '[]=x', { '[]': 'x' }],
    ['brackets within brackets', 'a[b][c]=x', { 'a[b][c]': 'x' }],
  ])('reads %s', (_what, text, parameters) => {
    expect(read(text)).toEqual(parameters)
  })

  it.each<[what: string, text: string, folded: string]>([
    ['k[]', 'info[]=user_count&info[]=cache', 'user_count,cache'],
    ['k[n]', 'info[0]=user_count&info[1]=cache', 'user_count,cache'],
    ['encoded brackets', 'info%5B0%5D=user_count&info%5B1%5D=cache', 'user_count,cache'],
    ['an array of one', 'info[0]=user_count', 'user_count'],
    ['the order received', 'info[1]=cache&info[0]=user_count', 'cache,user_count'],
    ['parameters between them', 'info[]=user_count&a=1&info[]=cache', 'user_count,cache'],
    ['names in any case', 'INFO[]=user_count&info[]=cache', 'user_count,cache'],
  ])('folds an array into one value, joined by commas: %s', (_what, text, folded) => {
    expect(read(text)).toMatchObject({ info: folded })
  })

  it.each<[what: string, text: string, key: string]>([
    ['the same parameter', 'info=a&info=a', 'info'],
    ['one that differs in case', 'info=a&INFO=b', 'info'],
    ['an array after a value', 'info=a&info[]=b', 'info'],
    ['a value after an array', 'info[]=a&info=b', 'info'],
    ['a credential', 'auth_key=a&auth_key=b', 'auth_key'],
  ])('refuses to choose between duplicates: %s', (_what, text, key) => {
    expect(read(text)).toBe(`The parameter ${key} is given more than once.`)
  })

  it('has at most 100 parameters', () => {
    const parameters = (count: number): string =>
      Array.from({ length: count }, (_, index) => `p${index}=`).join('&')
    expect(Object.keys(read(parameters(100)))).toHaveLength(100)
    expect(read(parameters(101))).toBe('The query has more than 100 parameters.')
  })

  it('holds names that mean something to JavaScript as any other', () => {
    const query = parseQuery('__proto__=a&constructor=b')
    expect(query).toEqual(
      new Map([
        ['__proto__', 'a'],
        ['constructor', 'b'],
      ]),
    )
  })
})

describe('a part of a path', () => {
  it.each([
    ['presence-a', 'presence-a'],
    ['presence%2Da%2Cb', 'presence-a,b'],
    ['a%2Fb', 'a/b'],
    ['a%00', 'a\0'],
    ['a+b', 'a+b'],
  ])('is percent-decoded: %s', (encoded, decoded) => {
    expect(decodePath(encoded)).toBe(decoded)
  })

  it.each(['%', '%2', '%zz', '%FF', '%C3'])('is nothing when badly encoded: %s', (encoded) => {
    expect(decodePath(encoded)).toBeUndefined()
  })
})
