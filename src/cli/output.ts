/**
 * How commands print: results to standard output, everything else to standard error.
 */
import { styleText } from 'node:util'
import { ResoundError } from '../errors.ts'

/** When to colour: `--color`. `auto` means on a terminal, unless NO_COLOR says otherwise. */
export const COLOUR_CHOICES = ['auto', 'always', 'never'] as const
export type ColourChoice = (typeof COLOUR_CHOICES)[number]

/** What a script can rely on; in the help and in the docs. */
export const EXIT = {
  DONE: 0,
  FAILED: 1,
  WRONG_USAGE: 2,
  /** Of the commands that end as a Nagios plugin does. */
  UNKNOWN: 3,
  UNREACHABLE: 69,
  BAD_CONFIGURATION: 78,
  INTERRUPTED: 130,
} as const

const WIDTH = 80

export function isColoured(choice: ColourChoice, stream: NodeJS.WriteStream): boolean {
  if (choice !== 'auto') return choice === 'always'
  return stream.isTTY === true && stream.hasColors() // which looks at NO_COLOR as well
}

/** Text in bold where colour is wanted. */
export function bold(text: string, coloured: boolean): string {
  return coloured ? styleText('bold', text, { validateStream: false }) : text
}

/** Prints a result. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Prints a result for programs. Fields of a document are added, never renamed. */
export function printJson(command: string, document: Readonly<Record<string, unknown>>): void {
  print(JSON.stringify({ schema: `resound.${command}/1`, ...document }, null, 2))
}

/** Says on standard error why the command failed. @returns the exit code */
export function reportFault(fault: unknown): number {
  if (!(fault instanceof ResoundError)) throw fault
  process.stderr.write(`resound: ${fault.message}\n${fault.code}: ${fault.remedy}\n`)
  if (fault.code.startsWith('RESOUND_CONFIG_')) return EXIT.BAD_CONFIGURATION
  return fault.code === 'RESOUND_SERVER_UNREACHABLE' ? EXIT.UNREACHABLE : EXIT.FAILED
}

/** `text` in lines of at most `width` characters, each after `indent`. Words are not broken. */
export function wrapped(text: string, indent: string, width = WIDTH): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && indent.length + longer.length > width) {
      lines.push(indent + line)
      line = word
    } else {
      line = longer
    }
  }
  return [...lines, indent + line].join('\n')
}
