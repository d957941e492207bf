/** What a load test has come to: as a document, and as text for people, which is made from it. */
import type { RecordableHistogram } from 'node:perf_hooks'
import type { TestOutcome } from '../bench/load-test.ts'
import { kindFor, type Plan, type Scenario, SUBJECTS, type Way } from '../bench/plan.ts'
import type { PhaseOutcome } from '../bench/threads.ts'
import { limitsOf, type Reason, selfOf } from '../bench/verdict.ts'
import { version } from '../version.ts'
import { urlOf } from './bench-target.ts'
import type { BenchDocument } from './documents/bench.ts'
import { fitted, printable, symbol, type Terminal, table } from './terminal.ts'

type PhaseDocument = BenchDocument['scenarios'][number]['phases'][number]

/** @param asked as it was asked for */
export function documentOf(
  asked: Plan,
  chosen: readonly Scenario[],
  { scenarios, reasons }: TestOutcome,
  { startedAt, interrupted }: { readonly startedAt: Date; readonly interrupted: boolean },
): BenchDocument {
  const { target, rate, ...plan } = asked
  const told = scenarios.map(({ scenario, phases }) => ({
    scenario,
    phases: phases.map(phaseDocument),
  }))
  const all = told.flatMap(({ phases }) => phases)
  const limits = [
    ...reasons,
    ...told.flatMap(subjects).flatMap(({ generatorLimited }) => generatorLimited.reasons),
  ]
  return {
    schema: 'resound.bench/1',
    version,
    startedAt: startedAt.toISOString(),
    target: { url: urlOf(target), app: target.appId },
    asked: {
      scenarios: [...chosen],
      connections: plan.connections,
      channels: plan.channels,
      kind: plan.kind,
      ratePerSecond: rate === 0 ? null : rate,
      seconds: plan.seconds,
      warmUpSeconds: plan.warmUpSeconds,
      way: plan.way,
      batch: plan.batch,
      publishers: plan.publishers,
      payloadBytes: plan.payloadBytes,
      threads: plan.threads,
    },
    interrupted,
    complete: all.length > 0 && all.every(isComplete),
    scenarios: told,
    generatorLimited: limited([...new Map(limits.map((each) => [each.code, each])).values()]),
  }
}

const subjects = ({
  scenario,
  phases,
}: BenchDocument['scenarios'][number]): readonly PhaseDocument[] =>
  phases.filter(({ phase }) => phase === SUBJECTS[scenario])

const limited = (reasons: readonly Reason[]): BenchDocument['generatorLimited'] => ({
  limited: reasons.length > 0,
  reasons: [...reasons],
})

const isComplete = ({ missed, doubled, errors }: PhaseDocument): boolean =>
  missed === 0 && doubled === 0 && errors.length === 0

function phaseDocument(outcome: PhaseOutcome): PhaseDocument {
  const { phase, operations, expected, happened, missed, doubled, seconds } = outcome
  const self = selfOf(outcome)
  const perSecond = (count: number) => (seconds > 0 ? rounded(count / seconds) : 0)
  return {
    phase,
    ...{ operations, expected, happened, missed, doubled },
    seconds: rounded(seconds),
    operationsPerSecond: perSecond(operations),
    happenedPerSecond: perSecond(happened),
    latencyMilliseconds: latencyOf(outcome.latencies),
    errors: [...outcome.errors],
    generator: {
      busyShare: rounded(self.busyShare),
      loopDelayP99Milliseconds: rounded(self.loopDelayP99Milliseconds),
      lagP99Milliseconds: rounded(self.lagP99Milliseconds),
    },
    generatorLimited: limited(limitsOf(self)),
  }
}

function latencyOf(latencies: RecordableHistogram): PhaseDocument['latencyMilliseconds'] {
  if (latencies.count === 0) return null
  const at = (percentile: number) => rounded(latencies.percentile(percentile) / 1000)
  return {
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p99_9: at(99.9),
    max: rounded(latencies.max / 1000),
    mean: rounded(latencies.mean / 1000),
  }
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000

/** One line of the table: what was done, or what came of it. */
interface Row {
  readonly name: string
  readonly count: number
  readonly perSecond: number
  readonly latency: PhaseDocument['latencyMilliseconds']
  readonly isLimited: boolean
}

/** The document for people. */
export function reportText(document: BenchDocument, terminal: Terminal): string {
  const { target, scenarios, generatorLimited } = document
  const parts = scenarios.flatMap(({ scenario, phases }) => [
    '',
    fitted(`${scenario}: ${askedText(scenario, document)}`, '', terminal),
    '',
    figures(phases.flatMap(rowsOf), terminal),
    ...troubles(phases, terminal),
  ])
  return [
    fitted(`Load test of ${target.url}, app ${target.app}`, '', terminal),
    ...parts,
    '',
    ...verdict(document, terminal),
    ...(generatorLimited.limited ? [] : [fitted(selfText(document), '', terminal)]),
  ].join('\n')
}

const WAY_TEXTS: Readonly<Record<Way, string>> = {
  http: 'over HTTP',
  batch: 'over HTTP in batches',
  redis: 'over Redis',
  client: 'as client events',
}

function askedText(scenario: Scenario, { asked }: BenchDocument): string {
  const { connections, channels, ratePerSecond, seconds, way } = asked
  const kind = kindFor(scenario, asked)
  const rate = (what: string) =>
    ratePerSecond === null
      ? `as many ${what} as it can`
      : `${ratePerSecond.toLocaleString('en')} ${what}/s`
  const time = `for ${seconds} s`
  const crowd = `${connections.toLocaleString('en')} connections`
  const where = `${crowd}, ${channels.toLocaleString('en')} ${kind} channels`
  switch (scenario) {
    case 'connect':
      return `${crowd}, ${rate('connects')}, ${time} at most`
    case 'subscribe':
      return `${where}, ${rate('subscriptions')}, ${time}`
    case 'publish':
      return `${where}, ${rate('events')} ${WAY_TEXTS[way]}, ${time}`
    case 'presence':
      return `${where}, ${rate('leaves and joins')}, ${time}`
  }
}

function rowsOf(phase: PhaseDocument): readonly Row[] {
  const { operations, happened, operationsPerSecond, happenedPerSecond } = phase
  const isLimited = phase.generatorLimited.limited
  const outcome = {
    count: happened,
    perSecond: happenedPerSecond,
    latency: phase.latencyMilliseconds,
    isLimited,
  }
  const done = { count: operations, perSecond: operationsPerSecond, latency: null, isLimited }
  switch (phase.phase) {
    case 'connect':
      return [{ name: 'connects', ...outcome }]
    case 'subscribe':
      return [{ name: 'subscriptions', ...outcome }]
    case 'publish':
      return [
        { name: 'events', ...done },
        { name: 'deliveries', ...outcome },
      ]
    case 'churn':
      return [
        { name: 'leaves, joins', ...done },
        { name: 'told of', ...outcome },
      ]
  }
}

/** Times in milliseconds; where the generator was the limit, what they are bounds of. */
function figures(rows: readonly Row[], terminal: Terminal): string {
  const time = (title: string, of: (latency: NonNullable<Row['latency']>) => number) => ({
    title,
    align: 'right' as const,
    value: ({ latency, isLimited }: Row) =>
      latency === null ? '' : `${isLimited ? '<' : ''}${figure(of(latency))}`,
  })
  return table(
    rows,
    [
      { title: '', value: ({ name }) => name },
      { title: 'count', align: 'right', value: ({ count }) => count.toLocaleString('en') },
      {
        title: 'per s',
        align: 'right',
        value: ({ perSecond, isLimited }) => `${isLimited ? '>' : ''}${figure(perSecond)}`,
      },
      time('p50 ms', ({ p50 }) => p50),
      time('p90', ({ p90 }) => p90),
      time('p99', ({ p99 }) => p99),
      time('p99.9', ({ p99_9 }) => p99_9),
      time('max', ({ max }) => max),
    ],
    terminal,
  )
}

/** Three digits say all that is known. */
function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

function troubles(phases: readonly PhaseDocument[], terminal: Terminal): readonly string[] {
  return phases.flatMap(({ phase, missed, doubled, errors }) => [
    ...(missed > 0 ? [`  ${missed.toLocaleString('en')} missed (${phase})`] : []),
    ...(doubled > 0 ? [`  ${doubled.toLocaleString('en')} came twice (${phase})`] : []),
    ...errors.map(({ kind, count, sample }) => {
      const said = sample === '' ? '' : `: ${sample}`
      const text = `${count.toLocaleString('en')} x ${kind} (${phase})${said}`
      return fitted(printable(text, terminal), '  ', terminal)
    }),
  ])
}

function verdict(document: BenchDocument, terminal: Terminal): readonly string[] {
  const { complete, interrupted, generatorLimited } = document
  const { scenarios } = document
  if (scenarios.every(({ phases }) => phases.length === 0)) return ['Nothing was measured.']
  const lines = [
    complete
      ? `${symbol('ok', terminal)}  nothing failed, was missed or came twice`
      : `${symbol('critical', terminal)}  not everything came as it should`,
  ]
  if (interrupted) lines.push('Interrupted: this is what was measured until then.')
  if (generatorLimited.limited) {
    const reasons = generatorLimited.reasons.map(({ message }) => message).join('; ')
    const text = `the load generator was the limit: ${reasons}. Rates are what the server can at least, times what it takes at most.`
    lines.push(fitted(`${symbol('warning', terminal)}  ${text}`, '', terminal))
  }
  return lines
}

function selfText({ scenarios }: BenchDocument): string {
  const selves = scenarios.flatMap(subjects).map(({ generator }) => generator)
  const most = (of: (self: PhaseDocument['generator']) => number) =>
    figure(Math.max(0, ...selves.map(of)))
  const busy = most(({ busyShare }) => busyShare * 100)
  const loop = most(({ loopDelayP99Milliseconds: delay }) => delay)
  const lag = most(({ lagP99Milliseconds: late }) => late)
  return `The load generator was not the limit: at most ${busy} % busy, its event loop ${loop} ms and its schedule ${lag} ms late (p99).`
}
