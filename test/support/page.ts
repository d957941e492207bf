/** A page of the documentation, as the tests run what it shows and check what it names. */
import { readFileSync } from 'node:fs'
import path from 'node:path'

const DOCS = path.join(import.meta.dirname, '../../docs')

/** A `resound` command as a page shows it. */
export interface ShownCommand {
  readonly environment: Readonly<Record<string, string>>
  readonly args: readonly string[]
}

export class Page {
  readonly text: string

  /** @param name of the file in docs/ */
  constructor(name: string) {
    this.text = readFileSync(path.join(DOCS, name), 'utf8')
  }

  /** The code blocks of a language, in order, without the indentation of the list they stand in. */
  blocks(language: string): readonly string[] {
    const found = this.text.matchAll(/^( *)```(\w+)\n(.*?)^ *```$/gms)
    return [...found]
      .filter(([, , marked]) => marked === language)
      .map(([, indent = '', , block = '']) => block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))
  }

  /** The one code block of a language that holds `text`. @throws Error if there is none, or another */
  block(language: string, text: string): string {
    const [block, ...others] = this.blocks(language).filter((each) => each.includes(text))
    if (block === undefined || others.length > 0) {
      throw new Error(`the page has ${others.length + 1} ${language} blocks with ${text}`)
    }
    return block
  }

  /** The cells of every row of the page's tables but their heads. */
  rows(): readonly (readonly string[])[] {
    const lines = this.text.split('\n').filter((line) => line.startsWith('| '))
    return lines
      .filter((line, index) => !/^[| -]+$/.test(line) && !/^[| -]+$/.test(lines[index + 1] ?? ''))
      .map((line) =>
        line
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim()),
      )
  }

  /** The first `resound` command in the page's shell blocks, by what follows the program's name. */
  command(start: string): ShownCommand {
    const lines = this.blocks('sh').flatMap((block) => block.replaceAll('\\\n', '').split('\n'))
    const [line] = lines.filter((each) => new RegExp(`(^| )resound ${start}`).test(each))
    if (line === undefined) throw new Error(`the page shows no resound ${start}`)
    const words = line.split(' ')
    const program = words.indexOf('resound')
    return {
      environment: variablesOf(words.slice(0, program)),
      args: words.slice(program + 1),
    }
  }
}

/** `NAME=value` pairs. */
export const variablesOf = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=')
      return [name, value.join('=')]
    }),
  )

/** Text in backticks. */
export const codeIn = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
