/**
 * A diagnosis as people read it: each result as it comes, and what it comes to.
 */
import type { Check } from '../diagnose/check.ts'
import { firstBroken, type Result } from '../diagnose/run.ts'
import { bold } from './output.ts'
import { fitted, printable, symbol, type Terminal } from './terminal.ts'

const INDENT = '    '

/** A result; undefined for one that is told at the end. */
export function resultText(result: Result, terminal: Terminal): string | undefined {
  const { outcome, id, summary, evidence = [], cause, fix } = result
  if (outcome === 'skip' || outcome === 'not-tested') return undefined
  const head = `${symbol(outcome, terminal)}  ${bold(id, terminal.coloured)}`
  const lines = [head, fitted(printable(summary, terminal), INDENT, terminal)]
  if (outcome === 'ok') return lines.join('\n')
  return [
    '',
    ...lines,
    ...section('Seen', evidence, terminal),
    ...section('Why', cause === undefined ? [] : [cause], terminal),
    ...section('Fix', fix === undefined ? [] : [fix.text], terminal),
    ...(fix?.paste === undefined ? [] : paste(fix.paste, fix.into, terminal)),
    '',
  ].join('\n')
}

/** What was not tested and why, and the first broken link. */
export function endText(results: readonly Result[], terminal: Terminal): string {
  const broken = firstBroken(results)
  const of = (outcome: Result['outcome']): readonly Result[] =>
    results.filter((result) => result.outcome === outcome)
  const [warnings, unknown, skipped] = [of('warning'), of('unknown'), of('skip')]
  const first = ({ because }: Result): string | undefined => {
    const before = results.find(({ id }) => id === because)
    return before === undefined ? because : (first(before) ?? because)
  }
  const blocking = new Set(results.flatMap((result) => first(result) ?? []))
  const lines = [
    ...[...blocking].map((id) => {
      const waiting = results.filter((result) => first(result) === id)
      return `${symbol('not-tested', terminal)}: ${idsOf(waiting)}, until ${id} is well.`
    }),
    ...(skipped.length === 0
      ? []
      : [`${symbol('skip', terminal)}: ${idsOf(skipped)} (of no concern in this set-up).`]),
  ].map((line) => fitted(line, '', terminal))
  return [
    '',
    ...lines,
    ...(lines.length === 0 ? [] : ['']),
    bold(verdict(), terminal.coloured),
  ].join('\n')

  function verdict(): string {
    if (broken !== undefined) {
      const text = `The first broken link: ${broken.id}: ${broken.summary}`
      return fitted(printable(text, terminal), '', terminal)
    }
    if (unknown.length > 0) {
      return fitted(`No broken link was found. Not found out: ${idsOf(unknown)}.`, '', terminal)
    }
    if (warnings.length > 0) {
      return fitted(`It works. To look at: ${idsOf(warnings)}.`, '', terminal)
    }
    return `Everything that was tested is well: ${of('ok').length} checks.`
  }
}

/** `--list`: every check and what it asks. */
export function listText(checks: readonly Check<never>[]): string {
  const width = Math.max(0, ...checks.map(({ id }) => id.length))
  return checks
    .map(({ id, question }) => {
      const line = `${id.padEnd(width)}  ${question}`
      return line.length <= 80 ? line : `${id}\n${INDENT}${question}`
    })
    .join('\n')
}

function section(title: string, lines: readonly string[], terminal: Terminal): readonly string[] {
  const label = `${INDENT}${`${title}:`.padEnd(6)}`
  return lines.map((line, index) => {
    const text = fitted(printable(line, terminal), ' '.repeat(label.length), terminal)
    return index === 0 ? label + text.slice(label.length) : text
  })
}

/** As it is, never wrapped: it is copied. */
function paste(text: string, into: string | undefined, terminal: Terminal): readonly string[] {
  const where = into === 'shell' ? ' into a shell' : into === undefined ? '' : ` into ${into}`
  const lines = text.split('\n').map((line) => (INDENT + printable(line, terminal)).trimEnd())
  return ['', `${INDENT}Paste${where}:`, '', ...lines]
}

const idsOf = (results: readonly Result[]): string => results.map(({ id }) => id).join(', ')
