/**
 * `resound metrics`: the metrics of the running server, as Prometheus gets them, or as a live table.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readText, type Sample } from '../metrics/read-text.ts'
import { RunningServer, type Target } from './admin.ts'
import type { MetricsDocument, MetricsWatchDocument } from './documents/metrics.ts'
import { prefixOf, ratesBetween, Scrape } from './metrics-rates.ts'
import { rowHead, rowOf, tableOf } from './metrics-table.ts'
import { EXIT, print, printJson } from './output.ts'
import { pauseWhileRead } from './reader.ts'
import { ADMIN_HELP, type Ended, withServer } from './target-options.ts'

export interface MetricsOptions extends Target {
  readonly json?: boolean
  readonly watch?: boolean
  readonly interval: number
}

const CLEAR = '\u001b[2J\u001b[H'
/** After so many rows the head is printed again. */
const ROWS_OF_A_PAGE = 20

/** @returns 0; `--watch` ends when nobody reads, with an interrupt, or when the server is gone */
export async function metrics(options: MetricsOptions): Promise<number> {
  const { json = false, watch = false, interval, ...target } = options
  const server = await RunningServer.find(target)
  if (watch) return watchMetrics(server, interval, json)
  const text = await server.askText('/metrics')
  if (json) printJson('metrics', documentOf(text))
  else process.stdout.write(text)
  return EXIT.DONE
}

function documentOf(text: string): Omit<MetricsDocument, 'schema'> {
  const shown = ({ name, labels, value }: Sample) => ({
    name,
    labels: { ...labels },
    value: Number.isFinite(value) ? value : null,
  })
  return {
    metrics: readText(text).map(({ samples, ...metric }) => ({
      ...metric,
      samples: samples.map(shown),
    })),
  }
}

async function watchMetrics(
  server: RunningServer,
  seconds: number,
  json: boolean,
): Promise<number> {
  const isScreen = process.stdout.isTTY === true
  const scrape = async (): Promise<Scrape> => {
    const metrics = readText(await server.askText('/metrics'))
    return new Scrape(metrics, prefixOf(metrics), performance.now())
  }
  let before = await scrape()
  for (let rows = 0; await pauseWhileRead(seconds * 1000); rows += 1) {
    const after = await scrape()
    const rates = ratesBetween(before, after)
    before = after
    const at = new Date()
    if (json) {
      const schema = 'resound.metrics.watch/1' as const
      const line: MetricsWatchDocument = { schema, at: at.toISOString(), ...rates }
      print(JSON.stringify(line))
    } else if (isScreen) {
      print(`${CLEAR}${tableOf(rates, at)}`)
    } else {
      if (rows % ROWS_OF_A_PAGE === 0) print(rowHead(at))
      print(rowOf(rates))
    }
  }
  return EXIT.DONE
}

const METRICS_HELP = `
Prints what Prometheus gets at /metrics; docs/metrics.md says what each is.
With --watch, rates over each interval: a table on a terminal, a row per
interval in a pipe, a line of JSON with --json.`

/** Adds the command. */
export function metricsCommand(program: Command, ended: Ended): void {
  withServer(program.command('metrics'))
    .summary('print the metrics of the running server')
    .description('Prints the metrics of the running server, or watches its main rates')
    .option('--watch', 'show the main rates, until interrupted')
    .addOption(
      new Option('--interval <seconds>', 'between looks, with --watch')
        .default(2)
        .argParser(intervalOf),
    )
    .addHelpText('after', METRICS_HELP + ADMIN_HELP)
    .action(async (options: MetricsOptions) => ended(await metrics(options)))
}

function intervalOf(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= 0.1 && seconds <= 3600)) {
    throw new InvalidArgumentError('It is a number of seconds from 0.1 to 3600.')
  }
  return seconds
}
