/** Medians of all repetitions, and how Resound's stand to the others' and to the targets. */
import { generatorWasLimit, type Result } from './generator.ts'
import type { Measure } from './measures.ts'
import { type Scenario, scenarios } from './scenarios.ts'
import { type ServerName, serverNames } from './servers.ts'

/** One run of one server. */
export interface Run {
  readonly scenario: string
  readonly server: ServerName
  readonly result: Result
}

/** Whether the generator set the pace of what this measure measures. */
export function isGeneratorBound(measure: Measure, result: Result): boolean {
  const phase = measure.phase && result[measure.phase]
  return phase !== undefined && generatorWasLimit(phase)
}

/**
 * A Markdown table of every measure of every scenario that ran.
 * @param judged whether the loads were of full size, so that targets mean something
 */
export function report(runs: readonly Run[], judged: boolean): string {
  const rows = Object.entries(scenarios).flatMap(([name, scenario]) =>
    rowsOf(
      name,
      scenario,
      runs.filter((run) => run.scenario === name),
      judged,
    ),
  )
  return [
    '| scenario | measure | resound | bare | soketi | to bare | to soketi | target |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    '\\* the load generator had no time to spare: the server may do better',
  ].join('\n')
}

function rowsOf(
  name: string,
  scenario: Scenario,
  runs: readonly Run[],
  judged: boolean,
): string[][] {
  if (runs.length === 0) return []
  return scenario.measures.map((measure) => {
    const figures = new Map(
      serverNames.map((server) => [
        server,
        median(
          runs
            .filter((run) => run.server === server)
            .map((run) => measure.of(run.result))
            .filter((figure) => figure !== undefined),
        ),
      ]),
    )
    const ratioTo = (server: ServerName) => quotient(figures.get('resound'), figures.get(server))
    return [
      name,
      measure.name,
      ...serverNames.map((server) => {
        const bound = runs.some(
          (run) => run.server === server && isGeneratorBound(measure, run.result),
        )
        return show(figures.get(server)) + (bound ? ' \\*' : '')
      }),
      show(ratioTo('bare')),
      show(ratioTo('soketi')),
      judged ? verdict(measure, figures.get('resound'), ratioTo('bare'), ratioTo('soketi')) : '',
    ]
  })
}

function verdict(measure: Measure, own?: number, toBare?: number, toSoketi?: number): string {
  const { better, ratioTo = {}, bound } = measure
  const sign = better === 'less' ? '<=' : '>='
  const judge = (figure: number | undefined, limit: number | undefined, unit: string) => {
    if (figure === undefined || limit === undefined) return []
    const reached = better === 'less' ? figure <= limit : figure >= limit
    return [`${reached ? 'reached' : 'MISSED'} ${sign} ${limit}${unit}`]
  }
  return [
    ...judge(toBare, ratioTo.bare, 'x bare'),
    ...judge(toSoketi, ratioTo.soketi, 'x soketi'),
    ...judge(own, bound, ''),
  ].join(', ')
}

/** @returns nothing for no values. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[sorted.length >> 1]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

export const quotient = (a?: number, b?: number) =>
  a === undefined || b === undefined ? undefined : a / b

export function show(value: number | undefined): string {
  if (value === undefined) return '-'
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)))
}
