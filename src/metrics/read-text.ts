/**
 * Prometheus' text, read back: for commands, which have it from a running server.
 *
 * It reads what this server writes, of any release. Timestamps and exemplars are none of that.
 */

export interface Sample {
  /** Of a histogram with `_bucket`, `_sum` or `_count`. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** NaN where there is none. */
  readonly value: number
}

export interface ReadMetric {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

const HEAD = /^# (HELP|TYPE) (\S+) (.*)$/
const SAMPLE = /^([\w:]+)(?:\{(.*)\})? (\S+)$/
const LABEL = /([\w:]+)="((?:[^"\\]|\\.)*)"/g

/** Every metric of a text, in its order. Lines that are not understood are left out. */
export function readText(text: string): readonly ReadMetric[] {
  const metrics: { name: string; type: string; help: string; samples: Sample[] }[] = []
  for (const line of text.split('\n')) {
    const [, what, name = '', rest = ''] = HEAD.exec(line) ?? []
    let metric = metrics.at(-1)
    if (what !== undefined) {
      if (metric?.name !== name) {
        metric = { name, type: 'untyped', help: '', samples: [] }
        metrics.push(metric)
      }
      if (what === 'HELP') metric.help = rest
      else metric.type = rest
      continue
    }
    const sample = readSample(line)
    if (sample !== undefined && metric !== undefined) metric.samples.push(sample)
  }
  return metrics
}

function readSample(line: string): Sample | undefined {
  const [, name, shown = '', value = ''] = SAMPLE.exec(line) ?? []
  if (name === undefined) return undefined
  const labels: Record<string, string> = {}
  for (const [, label = '', text = ''] of shown.matchAll(LABEL)) labels[label] = unescaped(text)
  return { name, labels, value: numberOf(value) }
}

const unescaped = (text: string): string =>
  text.includes('\\') ? text.replace(/\\(.)/g, (_, of) => (of === 'n' ? '\n' : of)) : text

const numberOf = (text: string): number =>
  text === '+Inf'
    ? Number.POSITIVE_INFINITY
    : text === '-Inf'
      ? Number.NEGATIVE_INFINITY
      : Number(text)
