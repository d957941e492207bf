// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a .env refers to a variable
import { describe, expect, it } from 'vitest'
import { parseEnvFile } from '../../src/config/env-file.ts'

function valuesIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...parseEnvFile(text).entries].map(([name, { value }]) => [name, value]),
  )
}

describe('parseEnvFile', () => {
  // What vlucas/phpdotenv 5.6 makes of the same line, which is what Laravel has.
  it.each([
    ['bare text', 'A=abc', 'abc'],
    ['nothing', 'A=', ''],
    ['spaces around', '  A =  abc  ', 'abc'],
    ['export', 'export A=abc', 'abc'],
    ['a comment', 'A=abc # more', 'abc'],
    ['a hash inside', 'A=ab#c', 'ab'],
    ['a hash in quotes', 'A="ab#c" # more', 'ab#c'],
    ['an equals sign', 'A=ab=c', 'ab=c'],
    ['a quote inside', 'A=ab"c', 'ab"c'],
    ['backticks', 'A=`abc`', '`abc`'],
    ['single quotes', "A='a b'", 'a b'],
    ['a backslash, bare', 'A=a\\nb', 'a\\nb'],
    ['a backslash in single quotes', "A='a\\nb'", 'a\\nb'],
    ['escapes in double quotes', 'A="a\\n\\t\\"\\\\b"', 'a\n\t"\\b'],
    ['lines in double quotes', 'A="a\nb"', 'a\nb'],
    ['a dollar', 'A=pa$word', 'pa$word'],
    ['a command', 'A=$(id)', '$(id)'],
    ['an unknown name', 'A=x${Z}y', 'x${Z}y'],
    ['an escaped dollar', 'Z=1\nA="x\\${Z}y"', 'x${Z}y'],
    ['an escaped backslash before a dollar', 'Z=1\nA="x\\\\${Z}y"', 'x\\1y'],
    ['a name in single quotes', "Z=1\nA='x${Z}y'", 'x${Z}y'],
    ['a name in double quotes', 'Z=1\nA="x${Z}y"', 'x1y'],
    ['a bare name', 'Z=1\nA=x${Z}y', 'x1y'],
    ['a name that comes later', 'A=${Z}\nZ=1', '${Z}'],
    ['Windows line ends', 'A=abc\r\nB=1\r\n', 'abc'],
    ['the last of two', 'A=1\nA=2', '2'],
    ['nothing after its bare name', 'A=1\nA', undefined],
    ['a quoted name', '"A"=1', '1'],
    ['names of any letters', 'É=1\nA=${É}', '1'],
    ['a space that is none to PHP', 'A=a\u00a0b', 'a\u00a0b'],
  ])('reads %s as Laravel does', (_what, text, value) => {
    expect(valuesIn(text)['A']).toBe(value)
  })

  it('knows the line that a variable stands in', () => {
    const { entries } = parseEnvFile('# first\n\nA=1\nB="x\ny"\nC=3\n')
    expect([...entries].map(([name, { line }]) => [name, line])).toEqual([
      ['A', 3],
      ['B', 4],
      ['C', 6],
    ])
  })

  it.each([
    ['text after a space', 'A=a b'],
    ['text after a quote', 'A="a"b'],
    ['an unknown escape', 'A="a\\qb"'],
    ['a quote that is not closed', 'A="a'],
    ['no name', '=a'],
    ['lines in quotes after a space', 'A= "a'],
  ])('reports %s, which Laravel does not start with', (_what, line) => {
    const { entries, invalidLines } = parseEnvFile(`B=1\n${line}\nC=3`)
    expect(invalidLines).toEqual([2])
    expect([...entries.keys()]).toEqual(['B', 'C'])
  })
})
