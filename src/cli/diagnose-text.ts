/**
 * A diagnosis as people read it: each result as it comes, and what it comes to.
 */
import { styleText } from 'node:util'
import type { Check } from '../diagnose/check.ts'
import { firstBroken, type Result } from '../diagnose/run.ts'
import { bold, wrapped } from './output.ts'

const MARKS = {
  ok: { symbol: '✓', colour: 'green' },
  warning: { symbol: '!', colour: 'yellow' },
  critical: { symbol: '✗', colour: 'red' },
  unknown: { symbol: '?', colour: 'magenta' },
} as const

const INDENT = '    '

/** A result; undefined for one that says nothing now, and is counted at the end. */
export function resultText(result: Result, coloured: boolean): string | undefined {
  const { outcome, id, summary, evidence = [], cause, fix } = result
  if (outcome === 'skip' || outcome === 'not-tested') return undefined
  const { symbol, colour } = MARKS[outcome]
  const word = `${symbol} ${outcome.padEnd(8)}`
  const mark = coloured ? styleText(colour, word, { validateStream: false }) : word
  const head = `${mark}  ${bold(id, coloured)}`
  if (outcome === 'ok') return `${head}\n${wrapped(summary, INDENT)}`
  return [
    head,
    wrapped(summary, INDENT),
    ...section('Seen', evidence),
    ...section('Why', cause === undefined ? [] : [cause]),
    ...section('Fix', fix === undefined ? [] : [fix.text]),
    ...(fix?.paste === undefined ? [] : paste(fix.paste, fix.into)),
    '',
  ].join('\n')
}

/** What was not tested and why, and the first broken link. */
export function endText(results: readonly Result[], coloured: boolean): string {
  const broken = firstBroken(results)
  const warnings = results.filter(({ outcome }) => outcome === 'warning')
  const unknown = results.filter(({ outcome }) => outcome === 'unknown')
  const skipped = results.filter(({ outcome }) => outcome === 'skip')
  const blocking = new Set(results.flatMap(({ because }) => because ?? []))
  const lines = [
    ...[...blocking].map((id) => {
      const waiting = results.filter(({ because }) => because === id)
      return wrapped(`Not tested until ${id} is well: ${idsOf(waiting)}`, '')
    }),
    ...(skipped.length === 0
      ? []
      : [wrapped(`Does not concern this set-up: ${idsOf(skipped)}`, '')]),
  ]
  return ['', ...lines, ...(lines.length === 0 ? [] : ['']), bold(verdict(), coloured)].join('\n')

  function verdict(): string {
    if (broken !== undefined)
      return wrapped(`The first broken link: ${broken.id}: ${broken.summary}`, '')
    if (unknown.length > 0)
      return wrapped(`No broken link was found; not found out: ${idsOf(unknown)}`, '')
    if (warnings.length > 0) return wrapped(`It works; to look at: ${idsOf(warnings)}`, '')
    const tested = results.filter(({ outcome }) => outcome === 'ok').length
    return `Everything that was tested is well: ${tested} checks.`
  }
}

/** `--list`: every check and what it asks. */
export function listText(checks: readonly Check<never>[]): string {
  return checks.map(({ id, question }) => `${id}\n${INDENT}${question}`).join('\n')
}

function section(title: string, lines: readonly string[]): readonly string[] {
  const label = `${INDENT}${`${title}:`.padEnd(6)}`
  return lines.map((line, index) => {
    const text = wrapped(line, ' '.repeat(label.length))
    return index === 0 ? label + text.slice(label.length) : text
  })
}

/** As it is, never wrapped: it is copied. */
function paste(text: string, into: string | undefined): readonly string[] {
  const where = into === 'shell' ? ' in a shell' : into === undefined ? '' : ` in ${into}`
  return ['', `${INDENT}Paste${where}:`, '', ...text.split('\n').map((line) => INDENT + line)]
}

const idsOf = (results: readonly Result[]): string => results.map(({ id }) => id).join(', ')
