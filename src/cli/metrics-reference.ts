/**
 * docs/metrics.md: every metric, made from the tables that the server writes them from; a test fails
 * when the page is another.
 */
import type { Metric } from '../metrics/metric.ts'
import { GROUPS } from '../metrics/metrics.ts'
import { Register } from '../metrics/register.ts'
import { WORKER_METRICS } from '../metrics/workers.ts'

interface Row {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly labels?: readonly string[]
}

const PREFIX = 'resound_'

const SECTIONS: readonly { readonly title: string; readonly metrics: readonly Row[] }[] = [
  ...GROUPS.map(({ title, metrics }) => ({ title, metrics: metrics as readonly Metric[] })),
  { title: 'Workers', metrics: WORKER_METRICS },
]

/** Every metric, for programs. */
export function metricsReference(): readonly Readonly<Record<string, unknown>>[] {
  const rows: readonly Row[] = [...SECTIONS.flatMap(({ metrics }) => metrics), ...Register.ofNode()]
  return rows.map((row) => ({
    name: PREFIX + row.name,
    type: row.type,
    labels: row.labels ?? [],
    unit: unitOf(row.name),
    meaning: row.help,
  }))
}

/** docs/metrics.md */
export function metricsPage(): string {
  const sections = SECTIONS.map(({ title, metrics }) => `### ${title}\n\n${table(metrics)}`)
  const ofNode = Register.ofNode().map(
    ({ name, type, help }) => `| \`${PREFIX}${name}\` | ${type} | ${cell(help)} |\n`,
  )
  return `${INTRODUCTION}
${sections.join('\n')}
### Node.js

As prom-client has them.

| metric | type | meaning |
| --- | --- | --- |
${ofNode.join('')}`
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ name, type, labels = [], help }) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${PREFIX}${name}\` | ${type} | ${shown} | ${unitOf(name)} | ${cell(help)} |\n`
  })
  return `| metric | type | labels | unit | meaning |
| --- | --- | --- | --- | --- |
${lines.join('')}`
}

/** What a value counts, as its name says. */
function unitOf(name: string): string {
  if (/_seconds(_total)?$/.test(name)) return 'seconds'
  if (/_bytes$/.test(name)) return 'bytes'
  return /_(up|live|info)$|^ready$/.test(name) ? '1 or 0' : 'count'
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

const INTRODUCTION = `# Metrics

<!-- Written by \`resound config docs --page metrics\`. -->

The admin port has them at \`/metrics\`, in Prometheus' text format; \`resound metrics\` prints the same, with
\`--json\` for programs. \`resound metrics --watch\` shows the main rates, without Prometheus: a table on a
terminal, a row per interval (\`--interval SECONDS\`, 2) in a pipe, a line of JSON with \`--json\`.

Everything is read from what is there when it is asked for, so a gauge is the truth of that moment, also after
crashes. The processes of one server (\`workers\`, and both generations of a restart) are one target: counters are
added up, those of processes that have ended included. Several servers are several targets; add them up in the
query. No label holds a channel, a user, a socket or an event, so the number of series is bounded by the number
of apps. A scrape with 1,000 busy apps takes less than 50 ms.

## Scraping

The admin port listens on loopback (\`admin.host\`, \`admin.port\`). A Prometheus on the same host needs no more:

\`\`\`yaml
scrape_configs:
  - job_name: resound
    scrape_interval: 15s
    static_configs:
      - targets: ['127.0.0.1:9601']
rule_files:
  - resound.rules.yml
\`\`\`

On loopback and without \`admin.token\` the port is asked by an address or as \`localhost\`; any other name is answered 403,
since a web page could lead one here.

For one elsewhere set \`admin.host\` to an address that it reaches, and \`admin.token\`, without which Resound does
not start on such an address:

\`\`\`yaml
scrape_configs:
  - job_name: resound
    scrape_interval: 15s
    authorization:
      credentials_file: /etc/prometheus/resound-token
    static_configs:
      - targets: ['10.0.0.5:9601', '10.0.0.6:9601']
\`\`\`

The rules and the dashboard go by the job's name, \`resound\`. Under another \`metrics.prefix\` neither finds
anything: they are for \`resound_\`.

## Alerts

[prometheus/resound.rules.yml](prometheus/resound.rules.yml) has the alerts. Each has a severity (\`page\`: somebody
is not served; \`ticket\`: somebody will not be), and a \`runbook\` annotation that leads to its section of
[runbooks.md](runbooks.md): what it means, what to look at, what to do.

## Dashboard

[grafana/resound.json](grafana/resound.json) is a dashboard for Grafana: Dashboards, New, Import, and
choose the Prometheus that scrapes Resound.

## Reference
`
