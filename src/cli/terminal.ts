/**
 * What is known of where a command prints: how wide it is, and whether it takes colour and symbols.
 *
 * Everything for people is laid out here, so that it fits a narrow terminal, reads without colour and
 * is whole in a pipe. Programs are given JSON and never come here.
 */
import { styleText } from 'node:util'
import cliTruncate from 'cli-truncate'
import stringWidth from 'string-width'
import type { Environment } from '../config/environment.ts'
import { processEnvironment } from '../config/load.ts'
import { type ColourChoice, isColoured, wrapped } from './output.ts'

export interface Terminal {
  /** Whether somebody looks: what is written elsewhere is for a file or a program, and is not shortened. */
  readonly isTerminal: boolean
  /** In columns. */
  readonly width: number
  readonly coloured: boolean
  /** Whether anything beyond ASCII can be shown. */
  readonly unicode: boolean
}

const USUAL_WIDTH = 80
const LEAST_WIDTH = 20

/** The facts of a stream. */
export function terminal(
  stream: NodeJS.WriteStream,
  choice: ColourChoice = 'auto',
  environment: Environment = processEnvironment(),
): Terminal {
  const isTerminal = stream.isTTY === true
  const columns = isTerminal ? stream.columns : USUAL_WIDTH // 0 where the terminal does not know
  return {
    isTerminal,
    width: Math.max(columns > 0 ? columns : USUAL_WIDTH, LEAST_WIDTH),
    coloured: isColoured(choice, stream),
    unicode: isUnicode(environment),
  }
}

/** As the C library decides it: the first of these that says anything. */
function isUnicode(environment: Environment): boolean {
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || ''
  return /utf-?8/i.test(locale)
}

/** How something is judged; the words are those of the JSON documents. */
export type Judgement = 'ok' | 'warning' | 'critical' | 'unknown' | 'skip' | 'not-tested'

interface Sign {
  readonly symbol: string
  readonly ascii: string
  readonly style: 'green' | 'yellow' | 'red' | 'magenta' | 'dim'
}

const SIGNS: Readonly<Record<Judgement, Sign>> = {
  ok: { symbol: '✓', ascii: '+', style: 'green' },
  warning: { symbol: '⚠', ascii: '!', style: 'yellow' },
  critical: { symbol: '✗', ascii: 'x', style: 'red' },
  unknown: { symbol: '?', ascii: '?', style: 'magenta' },
  skip: { symbol: '–', ascii: '-', style: 'dim' },
  'not-tested': { symbol: '–', ascii: '-', style: 'dim' },
}

/** A judgement's symbol with its word, which it never stands without. */
export function symbol(judgement: Judgement, { coloured, unicode }: Terminal): string {
  const { symbol, ascii, style } = SIGNS[judgement]
  const text = `${unicode ? symbol : ascii} ${judgement.replace('-', ' ')}`
  return coloured ? styleText(style, text, { validateStream: false }) : text
}

/** Text in lines that fit, each after `indent`. Words are not broken. */
export const fitted = (text: string, indent: string, { width }: Terminal): string =>
  wrapped(text, indent, Math.min(width, 2 * USUAL_WIDTH))

/**
 * Text that came from outside, made harmless: a terminal obeys control characters, and one that is not
 * Unicode shows others as something else.
 */
export function printable(text: string, { unicode }: Terminal): string {
  const escaped = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeOf)
  return unicode ? escaped : escaped.replace(/[^ -~]/gu, escapeOf)
}

const escapeOf = (character: string): string =>
  `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`

export interface Column<Row> {
  readonly title: string
  /** Plain text; it may come from outside. */
  readonly value: (row: Row) => string
  /** Numbers are read from their end. */
  readonly align?: 'right'
  /** Whether it may be shortened where the table is wider than the terminal. */
  readonly shrinks?: boolean
}

const GAP = '  '
/** A value that is shortened further says nothing any more. */
const LEAST_COLUMN = 8

/**
 * Rows under their titles. On a terminal they fit: values that may shrink lose their middle, and where
 * that is not enough each row becomes a block of lines. Elsewhere every value is whole.
 */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  terminal: Terminal,
): string {
  const cells = rows.map((row) => columns.map(({ value }) => printable(value(row), terminal)))
  const natural = columns.map(({ title }, index) =>
    Math.max(stringWidth(title), ...cells.map((line) => stringWidth(line[index] ?? ''))),
  )
  const widths = terminal.isTerminal ? shrunk(natural, columns, terminal.width) : natural
  if (widths === undefined) return blocks(cells, columns, terminal)
  const lines = [columns.map(({ title }) => title), ...cells].map((line) =>
    columns
      .map(({ align }, index) => {
        const width = widths[index] ?? 0
        const text = shortened(line[index] ?? '', width, terminal)
        const space = ' '.repeat(Math.max(0, width - stringWidth(text)))
        return align === 'right' ? space + text : text + space
      })
      .join(GAP)
      .trimEnd(),
  )
  const [titles = '', ...body] = lines
  const head = terminal.coloured ? styleText('bold', titles, { validateStream: false }) : titles
  return [head, ...body].join('\n')
}

/** Text of at most `width` columns: its middle is left out, since names differ at either end. */
export function shortened(text: string, width: number, { unicode }: Terminal): string {
  return cliTruncate(text, width, {
    position: 'middle',
    truncationCharacter: unicode ? '…' : '..',
  })
}

/** Takes from the widest that may shrink. @returns undefined where that is not enough */
function shrunk<Row>(
  natural: readonly number[],
  columns: readonly Column<Row>[],
  width: number,
): readonly number[] | undefined {
  const widths = [...natural]
  const room = width - GAP.length * (columns.length - 1)
  let excess = widths.reduce((all, one) => all + one, 0) - room
  while (excess > 0) {
    const candidates = columns.flatMap(({ shrinks = false, title }, index) => {
      const least = Math.max(LEAST_COLUMN, stringWidth(title))
      return shrinks && (widths[index] ?? 0) > least ? [index] : []
    })
    const [first, ...others] = candidates
    if (first === undefined) return undefined
    const widest = others.reduce(
      (one, other) => ((widths[other] ?? 0) > (widths[one] ?? 0) ? other : one),
      first,
    )
    widths[widest] = (widths[widest] ?? 0) - 1
    excess -= 1
  }
  return widths
}

function blocks<Row>(
  cells: readonly (readonly string[])[],
  columns: readonly Column<Row>[],
  terminal: Terminal,
): string {
  return cells
    .map((line) =>
      line
        .map((text, index) => {
          const title = index === 0 ? '' : `  ${columns[index]?.title}: `
          return (
            title + shortened(text, Math.max(LEAST_COLUMN, terminal.width - title.length), terminal)
          )
        })
        .join('\n'),
    )
    .join('\n')
}
