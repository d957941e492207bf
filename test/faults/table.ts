/** What a run has cost, for people; `docs/reliability.md` has one. */
import type { Verdict } from './verdict.ts'

export interface Row {
  readonly name: string
  readonly verdict: Verdict
}

const COLUMNS: readonly (readonly [string, (verdict: Verdict) => string | number])[] = [
  ['published', ({ published }) => published],
  ['200', ({ answered200 }) => answered200],
  ['503', ({ answered503 }) => answered503],
  ['longest 503 ms', ({ longest503Milliseconds }) => Math.round(longest503Milliseconds)],
  ['missed deliveries', ({ missed }) => missed],
  ['lost', ({ lost }) => lost.length],
  ['errors', ({ errors }) => errors.length],
  [
    'not ready after ms',
    ({ unreadyMilliseconds: ms }) => (ms === undefined ? '-' : Math.round(ms)),
  ],
  ['ready again ms', ({ readyMilliseconds }) => Math.round(readyMilliseconds)],
  ['presence right ms', ({ repairMilliseconds }) => Math.round(repairMilliseconds)],
  ['told of members', ({ changes }) => changes],
  ['ghosts', ({ ghosts }) => ghosts.length],
  ['double', ({ doubles }) => doubles.length],
  ['wrongly gone', ({ falseRemovals }) => falseRemovals.length],
]

export function tableOf(rows: readonly Row[]): string {
  const lines = [
    ['fault', ...COLUMNS.map(([title]) => title)],
    ['---', ...COLUMNS.map(() => '---')],
    ...rows.map(({ name, verdict }) => [name, ...COLUMNS.map(([, read]) => String(read(verdict)))]),
  ]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
