/**
 * The configuration file: JSON, read into settings that know their line and column.
 *
 * Strict: no comments, no trailing commas, no key twice. What the keys and values mean is not
 * decided here.
 */
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import type { Path } from './options.ts'
import type { Problem } from './problem.ts'
import { readText } from './read-text.ts'
import { describeOrigin, type Origin, type Setting } from './setting.ts'

export interface ConfigFile {
  /** Every value that is not a container, and every empty container, in the file's order. */
  readonly settings: readonly Setting[]
  readonly problems: readonly Problem[]
  /** Where `path` stands in the file: its key, or undefined when it is not there. */
  placeOf(path: Path): Origin | undefined
}

/** Reads the file at `path`; `name` is what messages call it. Never throws. */
export function readConfigFile(path: string, name: string): ConfigFile {
  const empty = { settings: [], placeOf: () => undefined }
  const read = readText(path)
  if ('reason' in read) {
    const message = `the configuration file cannot be read (${read.reason})`
    return { ...empty, problems: [{ code: 'RESOUND_CONFIG_UNREADABLE', place: name, message }] }
  }
  const { text } = read
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { disallowComments: true })
  const [first] = errors
  if (first !== undefined || root === undefined) {
    const message = `is not JSON: ${words(first)}`
    return { ...empty, problems: [invalid(originAt(text, first?.offset ?? 0, name), message)] }
  }
  if (root.type !== 'object') {
    return {
      ...empty,
      problems: [invalid(originAt(text, 0, name), 'the file must hold an object')],
    }
  }
  return collect(root, (node) => originAt(text, node.offset, name))
}

function collect(root: Node, originOf: (node: Node) => Origin): ConfigFile {
  const settings: Setting[] = []
  const problems: Problem[] = []
  const places = new Map<string, Origin>()

  const visit = (node: Node, path: Path, key: Node): void => {
    const origin = originOf(key)
    places.set(JSON.stringify(path), origin)
    const children = node.children ?? []
    if (node.type === 'object' && children.length > 0) {
      const seen = new Set<string>()
      for (const { children: [name, value] = [] } of children) {
        if (name === undefined || value === undefined) continue
        const inner = String(name.value)
        if (seen.has(inner)) problems.push(invalid(originOf(name), `${inner} is there twice`))
        seen.add(inner)
        visit(value, [...path, inner], name)
      }
    } else if (node.type === 'array' && children.length > 0) {
      for (const [index, item] of children.entries()) visit(item, [...path, index], item)
    } else {
      settings.push({ path, value: contentOf(node), origin })
    }
  }
  visit(root, [], root)
  return { settings, problems, placeOf: (path) => places.get(JSON.stringify(path)) }
}

function contentOf({ type, value }: Node): unknown {
  if (type === 'object') return {}
  return type === 'array' ? [] : value
}

function invalid(origin: Origin, message: string): Problem {
  return { code: 'RESOUND_CONFIG_INVALID', place: describeOrigin(origin), message }
}

function originAt(text: string, offset: number, file: string): Origin {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/)
  return { kind: 'file', file, line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

/** `CommaExpected` as "comma expected". */
function words(error: ParseError | undefined): string {
  if (error === undefined) return 'value expected'
  return printParseErrorCode(error.error)
    .replace(/(?!^)[A-Z]/g, ' $&')
    .toLowerCase()
}
