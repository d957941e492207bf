/**
 * A Laravel app's `.env`, read as Laravel reads it.
 *
 * The grammar is that of vlucas/phpdotenv 5, which differs from the one common in Node.js where it
 * matters for passwords: only `${NAME}` is replaced (never `$NAME` or `$(command)`), and only outside
 * single quotes; double quotes know `\"`, `\\` and `\$`.
 */

/** One variable, and the line it stands in, counted from 1. */
export interface EnvEntry {
  readonly value: string
  readonly line: number
}

export interface EnvFile {
  readonly entries: ReadonlyMap<string, EnvEntry>
  /** Lines that are neither blank, a comment nor an entry: Laravel does not start with them. */
  readonly invalidLines: readonly number[]
}

const WORD = String.raw`[\p{Ll}\p{Lu}\p{M}\p{N}_.]+`
const NAME = String.raw`[ \t]*(?:export[ \t]+)?(?<quote>["']?)(?<name>${WORD})\k<quote>[ \t]*`
/** Several lines only where the quote follows the equals sign at once. */
const LINES = String.raw`(?<==)"(?<lines>(?:[^"\\]|\\["\\$fnrtv])*)"`
const DOUBLE = String.raw`"(?<double>(?:[^"\\\n]|\\["\\$fnrtv])*)"`
const VALUE = String.raw`'(?<single>[^'\n]*)'|${LINES}|${DOUBLE}|(?<bare>[^ \t\n\v\f'"#][^ \t\n\v\f#]*)?`
const ENTRY = new RegExp(
  String.raw`${NAME}(?:(?<given>=)[ \t]*(?:${VALUE})[ \t]*(?:#.*)?)?(?=\n|$)`,
  'uy',
)
const NOTHING = /[ \t]*(?:#.*)?(?=\n|$)/y
const REST_OF_LINE = /.*/y

const ESCAPES: Readonly<Record<string, string>> = {
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Parses the text of a `.env`. A variable given twice has the last value, and none after its bare name. */
export function parseEnvFile(content: string): EnvFile {
  const text = content.replace(/\r\n?/g, '\n')
  const entries = new Map<string, EnvEntry>()
  const invalidLines: number[] = []
  let line = 1
  for (let at = 0; at < text.length; ) {
    const found = matchAt(ENTRY, text, at) ?? matchAt(NOTHING, text, at)
    const taken = found?.[0] ?? matchAt(REST_OF_LINE, text, at)?.[0] ?? ''
    const { name, given, single, lines, double = lines, bare = '' } = found?.groups ?? {}
    if (found === undefined) invalidLines.push(line)
    if (name !== undefined && given !== undefined) {
      const value =
        single ?? replaceNames(double === undefined ? [bare] : withoutEscapes(double), entries)
      entries.set(name, { value, line })
    } else if (name !== undefined) {
      entries.delete(name)
    }
    at += taken.length + 1
    line += taken.split('\n').length
  }
  return { entries, invalidLines }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}

/** @returns the text in pieces; between two of them stood an escaped dollar, which starts no name. */
function withoutEscapes(quoted: string): readonly string[] {
  return quoted
    .split(/(?<=(?<!\\)(?:\\\\)*)\\\$/)
    .map((piece) => piece.replace(/\\(.)/gs, (_, character) => ESCAPES[character] ?? character))
}

/** `${NAME}` becomes the value of a variable above it; an unknown name stays as it is written. */
function replaceNames(pieces: readonly string[], entries: ReadonlyMap<string, EnvEntry>): string {
  return pieces
    .map((piece) =>
      piece.replace(
        /\$\{([\p{Ll}\p{Lu}\p{M}\p{N}_.]+)\}/gu,
        (whole, name) => entries.get(name)?.value ?? whole,
      ),
    )
    .join('$')
}
