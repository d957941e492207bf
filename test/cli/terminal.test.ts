import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import {
  type Column,
  type Judgement,
  printable,
  shortened,
  symbol,
  type Terminal,
  table,
} from '../../src/cli/terminal.ts'
import { onTerminal } from '../support/pseudo-terminal.ts'

const plain: Terminal = { isTerminal: true, width: 80, coloured: false, unicode: true }
const ascii: Terminal = { ...plain, unicode: false }

interface Row {
  readonly app: string
  readonly channel: string
  readonly subscribers: number
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'channel', value: ({ channel }) => channel, shrinks: true },
  { title: 'app', value: ({ app }) => app, shrinks: true },
  { title: 'subscribers', value: ({ subscribers }) => String(subscribers), align: 'right' },
]

const LONG = `private-${'orders.'.repeat(20)}42`
const ROWS: readonly Row[] = [
  { app: '3', channel: 'news', subscribers: 7 },
  { app: 'a-rather-long-app-id-of-somebody', channel: LONG, subscribers: 12_345 },
]

describe('a table', () => {
  it('is laid out with numbers at their end', () => {
    expect(table(ROWS.slice(0, 1), COLUMNS, plain)).toBe(
      'channel  app  subscribers\nnews     3              7',
    )
  })

  it.each([40, 80, 120])('fits %i columns, and loses the middle of what is too long', (width) => {
    const lines = table(ROWS, COLUMNS, { ...plain, width }).split('\n')
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width)
    expect(lines.at(-1)).toMatch(/^priv.*….*42 .* 12345$/)
  })

  it('has dots of ASCII where nothing else can be shown', () => {
    const text = table(ROWS, COLUMNS, { ...ascii, width: 60 })
    expect(text).toMatch(/^private-[a-z.]*\.\.[a-z.]*42 /m)
    expect(text).toMatch(/^[ -~\n]*$/)
  })

  it('becomes a block a row where columns have no room', () => {
    expect(table(ROWS, COLUMNS, { ...plain, width: 24 }).split('\n')).toEqual([
      'news',
      '  app: 3',
      '  subscribers: 7',
      'private-orde…s.orders.42',
      '  app: a-rather…somebody',
      '  subscribers: 12345',
    ])
  })

  it('is whole in a pipe', () => {
    expect(table(ROWS, COLUMNS, { ...plain, isTerminal: false, width: 40 })).toContain(LONG)
  })

  it('measures what is shown: wide characters take two columns', () => {
    const rows = [{ app: '日本語', channel: 'x', subscribers: 1 }]
    const lines = table(rows, COLUMNS, plain).split('\n')
    expect(lines.map((line) => stringWidth(line))).toEqual([28, 28])
  })
})

describe('text from outside', () => {
  it.each([
    ['an escape sequence', 'a\u001b[2Jb', 'a\\u{1b}[2Jb'],
    ['a line break', 'a\nb', 'a\\u{a}b'],
    ['a mark that turns text around', 'a\u202eb', 'a\\u{202e}b'],
  ])('does nothing to a terminal: %s', (_what, text, shown) => {
    expect(printable(text, plain)).toBe(shown)
  })

  it('is spelled out where only ASCII can be shown', () => {
    expect(printable('Zoë 🎉', ascii)).toBe('Zo\\u{eb} \\u{1f389}')
    expect(printable('Zoë 🎉', plain)).toBe('Zoë 🎉')
  })

  it('keeps both ends when it is shortened', () => {
    expect(shortened('abcdefghij', 7, plain)).toBe('abc…hij')
    expect(stringWidth(shortened('abcdefghij', 7, ascii))).toBe(7)
  })
})

describe('a symbol', () => {
  const judgements: Judgement[] = ['ok', 'warning', 'critical', 'unknown', 'skip', 'not-tested']

  it.each(judgements)('never stands without its word: %s', (judgement) => {
    const word = judgement.replace('-', ' ')
    expect(symbol(judgement, plain)).toMatch(new RegExp(`^\\S ${word}$`, 'u'))
    expect(symbol(judgement, ascii)).toMatch(new RegExp(`^[!-~] ${word}$`))
    const coloured = symbol(judgement, { ...plain, coloured: true })
    expect(coloured).not.toBe(symbol(judgement, plain))
    expect(stripVTControlCharacters(coloured)).toBe(symbol(judgement, plain))
  })
})

it('help fits a narrow terminal, that of every command', async () => {
  const commands = path.join(import.meta.dirname, '../../dist/src/cli/commands.js')
  const program = `const { commands } = await import(${JSON.stringify(commands)})
    const show = (command) => {
      command.outputHelp()
      for (const sub of command.commands) show(sub)
    }
    show(await commands(() => {}))`
  const words = [process.execPath, '--input-type=module', '--eval', program]
  for (const width of [50, 64]) {
    const { shown } = await onTerminal(words, width)
    const long = shown.split('\n').filter((line) => stringWidth(line) > width)
    expect(long, `${width} columns`).toEqual([])
    expect(shown.match(/^Usage: resound /gm)?.length).toBeGreaterThan(20)
    expect(shown).toMatch(/-t, --threads <n>\s+threads that\s+generate load/)
  }
})

describe('the facts', () => {
  const MODULE = path.join(import.meta.dirname, '../../dist/src/cli/terminal.js')
  const facts = async (environment: Record<string, string>, choice = 'auto', columns = 40) => {
    const program = `const { terminal } = await import(${JSON.stringify(MODULE)})
      console.log(JSON.stringify(terminal(process.stdout, ${JSON.stringify(choice)})))`
    const words = [process.execPath, '--input-type=module', '--eval', program]
    return JSON.parse((await onTerminal(words, columns, { environment })).shown)
  }

  it.each([
    [{ LANG: 'en_GB.UTF-8' }, 'auto', 120, { width: 120, coloured: true, unicode: true }],
    [{ LANG: 'C' }, 'auto', 40, { width: 40, coloured: true, unicode: false }],
    [{ LANG: 'de_DE.utf8', LC_ALL: 'C' }, 'auto', 40, { unicode: false }],
    [{ LANG: 'C', LC_CTYPE: 'C.UTF-8' }, 'auto', 40, { unicode: true }],
    [{}, 'auto', 0, { width: 80, unicode: false }],
    [{ NO_COLOR: '1' }, 'auto', 80, { coloured: false }],
    [{ NO_COLOR: '1' }, 'always', 80, { coloured: true }],
    [{ TERM: 'dumb' }, 'auto', 80, { coloured: false }],
    [{}, 'never', 80, { coloured: false }],
  ])(
    'of a terminal with %j and --color %s and %i columns',
    async (environment, choice, columns, expected) => {
      expect(await facts(environment, choice, columns)).toMatchObject({
        isTerminal: true,
        ...expected,
      })
    },
  )
})
