/**
 * Lists that a running server gives in pages, as commands show them: the options, the asking, and what
 * is said beside the rows.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { MOST_ROWS } from '../live/question.ts'
import { RunningServer, type Target } from './admin.ts'
import { fitted, terminal } from './terminal.ts'

/** Rows of one command. */
const MOST = 100_000
const USUAL = 100

export interface PageOptions {
  readonly limit?: number | undefined
  readonly all?: boolean | undefined
  readonly after?: string | undefined
}

interface SilentNode {
  readonly node: string
  readonly version: string
}

/** A page as the server gives it. */
interface Page<Row> {
  readonly rows: readonly Row[]
  readonly more: string | null
  readonly silentNodes: readonly SilentNode[]
}

/** The options of a list. */
export function withPages(command: Command): Command {
  return command
    .addOption(
      new Option('--limit <number>', `at most so many, ${USUAL} without it`).argParser(readLimit),
    )
    .option('--all', `all of them, up to ${MOST}`)
    .option('--after <cursor>', 'go on where an answer ended, by its "more"')
}

function readLimit(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0 && number <= MOST) return number
  throw new InvalidArgumentError(`It is a whole number from 1 to ${MOST}.`)
}

type Query = Readonly<Record<string, string | undefined>>

/** A path with what of the query is given. */
export function pathWith(path: string, query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${encodeURIComponent(value)}`,
  )
  return given.length === 0 ? path : `${path}?${given.join('&')}`
}

/** As many rows as are asked for, page by page. @param read what of an answer is a page */
export async function askPages<Row>(
  target: Target,
  path: string,
  query: Query,
  { limit = USUAL, all = false, after }: PageOptions,
  read: (answer: object) => Page<Row>,
): Promise<Page<Row>> {
  const server = await RunningServer.find(target)
  const wanted = all ? MOST : limit
  const rows: Row[] = []
  const silent = new Map<string, SilentNode>()
  let more: string | null = after ?? null
  do {
    const size = String(Math.min(MOST_ROWS, wanted - rows.length))
    const asked = pathWith(path, { ...query, limit: size, after: more ?? undefined })
    const page = read(Object(await server.ask('GET', asked)))
    rows.push(...page.rows)
    for (const one of page.silentNodes) silent.set(one.node, one)
    more = page.more
  } while (more !== null && rows.length < wanted)
  return { rows, more, silentNodes: [...silent.values()] }
}

/** Says on standard error what the rows do not say. @param what they are, as in `No channel is occupied` */
export function sayBeside({ rows, more, silentNodes }: Page<unknown>, none: string): void {
  if (rows.length === 0) say(none)
  if (more !== null) say('There are more: see --limit and --all')
  saySilent(silentNodes, 'what it has is missing here')
}

/** Names the processes that did not answer. @param so what follows from that */
export function saySilent(silentNodes: readonly SilentNode[], so: string): void {
  for (const { node, version } of silentNodes) {
    say(`Warning: ${node} (Resound ${version}) did not answer; ${so}`)
  }
}

/** Says something on standard error. */
export function say(text: string): void {
  process.stderr.write(`${fitted(text, '', terminal(process.stderr))}\n`)
}
