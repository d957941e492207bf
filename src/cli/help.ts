/** Help for a narrow terminal: what is written for 80 columns, in lines of fewer. */
import { wrapped } from './output.ts'

/** What it is written for; more than that is not easier to read. */
const USUAL_WIDTH = 80
const LEAST_WIDTH = 20
/** Beside its term a text has at least so much room, or it stands below. */
const LEAST_ROOM = 24
/** Of a text below its term. */
const BELOW = '      '

/** `  --json   print JSON`: a term, and from one column on what is said of it. */
const ITEM = /^( +\S.*?)( {2,})(\S.*)$/

/** Columns of a stream that help is printed to. Elsewhere than on a terminal, what it is written for. */
export function helpWidth({
  isTTY,
  columns,
}: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number {
  if (!isTTY || columns <= 0) return USUAL_WIDTH // 0 where the terminal does not know
  return Math.min(USUAL_WIDTH, Math.max(LEAST_WIDTH, columns))
}

/** The same help in lines of at most so many columns; an indented line without columns stays whole. */
export function narrowed(help: string, width: number): string {
  if (width >= USUAL_WIDTH) return help
  const lines = help.split('\n')
  const narrow: string[] = []
  while (lines.length > 0) {
    const [line = ''] = lines.splice(0, 1)
    const [, term = '', gap = '', text = ''] = ITEM.exec(line) ?? []
    if (term !== '') narrow.push(item(term, gap, [text, ...continued(lines, term + gap)], width))
    else if (/^\S/.test(line))
      narrow.push(wrapped([line, ...paragraph(lines)].join(' '), '', width))
    else narrow.push(line)
  }
  return narrow.join('\n')
}

/** Takes the lines that go on below what was said of a term. */
function continued(lines: string[], { length }: string): readonly string[] {
  const end = lines.findIndex((line) => /^ */.exec(line)?.[0].length !== length)
  return lines.splice(0, end === -1 ? lines.length : end).map((line) => line.trim())
}

/** Takes the lines that belong to the same paragraph. */
function paragraph(lines: string[]): readonly string[] {
  const end = lines.findIndex((line) => !/^\S/.test(line))
  return lines.splice(0, end === -1 ? lines.length : end)
}

function item(term: string, gap: string, text: readonly string[], width: number): string {
  const indent = ' '.repeat(term.length + gap.length)
  const whole = text.join(' ')
  if (width - indent.length < LEAST_ROOM) return `${term}\n${wrapped(whole, BELOW, width)}`
  return term + gap + wrapped(whole, indent, width).trimStart()
}
