/**
 * `resound health`: does it serve? An event is published and has to come back.
 *
 * The running server tries it by its own port; with `--url` this process does, by the address that is
 * given. Exit codes are those of a Nagios plugin: 0 ok, 1 warning, 2 critical, 3 unknown.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Secret } from '../../channels/secret.ts'
import { loadConfig } from '../config/load.ts'
import { ResoundError } from '../errors.ts'
import { type CanaryTarget, sendCanary } from '../health/canary.ts'
import { type Budget, DEFAULT_BUDGET, judge, MOST_MS, NO_LEGS } from '../health/judge.ts'
import { RunningServer, type Target } from './admin.ts'
import { type HealthDocument, HealthReport } from './documents/health.ts'
import { nagiosLine } from './nagios.ts'
import { type ColourChoice, print, printJson } from './output.ts'
import { fitted, symbol, type Terminal, terminal } from './terminal.ts'

export const FORMATS = ['text', 'json', 'nagios'] as const

export interface HealthOptions extends Target {
  readonly format?: (typeof FORMATS)[number]
  readonly json?: boolean
  readonly warnMs?: string
  readonly critMs?: string
  readonly ignoreRedis?: boolean
  readonly url?: string
  readonly appId?: string
  readonly key?: string
  readonly secret?: string
  readonly ca?: string
  readonly insecure?: boolean
}

type Report = Omit<HealthDocument, 'schema'>

/** As Nagios plugins end (Monitoring Plugins Development Guidelines, "Plugin Return Codes"). */
export const HEALTH_EXIT = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const

/** Beyond the budget, for the server to say that it is over, and for this process to ask. */
const REST_MILLISECONDS = 1000

export async function health(options: HealthOptions, colour: ColourChoice): Promise<number> {
  const { json = false, format = json ? 'json' : 'text' } = options
  const report = await reportOn(options)
  if (format === 'json') printJson('health', { ...report })
  else if (format === 'nagios') print(nagiosLine(report))
  else print(asText(report, terminal(process.stdout, colour)))
  return HEALTH_EXIT[report.outcome]
}

async function reportOn(options: HealthOptions): Promise<Report> {
  const budget = budgetOf(options)
  if (typeof budget === 'string') return withoutEvent('unknown', budget, DEFAULT_BUDGET)
  try {
    if (options.url === undefined) return await askServer(options, budget)
    return await tryUrl(options.url, options, budget)
  } catch (fault) {
    if (!(fault instanceof ResoundError)) throw fault
    const isDown = fault.code === 'RESOUND_SERVER_UNREACHABLE'
    return withoutEvent(isDown ? 'critical' : 'unknown', fault.message, budget)
  }
}

async function askServer(options: HealthOptions, budget: Budget): Promise<Report> {
  const wait = budget.critMs + REST_MILLISECONDS
  const server = await RunningServer.find(options, wait)
  const query = new URLSearchParams({
    warn_ms: String(budget.warnMs),
    crit_ms: String(budget.critMs),
  })
  if (options.ignoreRedis === true) query.set('ignore', 'redis')
  return HealthReport.parse(await server.ask('GET', `/health?${query}`, wait, 503))
}

async function tryUrl(url: string, options: HealthOptions, budget: Budget): Promise<Report> {
  const target = targetOf(url, options)
  if (typeof target === 'string') return withoutEvent('unknown', target, budget)
  const at = new Date().toISOString()
  const result = await sendCanary(target, budget.critMs)
  const judged = judge(result, budget, options.ignoreRedis === true)
  // A server may have no app; one that is asked for by its key has to be there.
  const outcome = judged.cause === 'no-app' ? 'critical' : judged.outcome
  return { ...judged, outcome, ...budget, at, processes: [], url: target.url }
}

/** @returns why there is none, else */
function targetOf(url: string, options: HealthOptions): CanaryTarget | string {
  if (!URL.canParse(url) || !/^(ws|http)s?:$/.test(new URL(url).protocol)) {
    return `--url is no ws:// or wss:// URL: ${url}`
  }
  const given = new URL(url)
  const app = appOf(options)
  if (typeof app === 'string') return app
  const ca = options.ca === undefined ? undefined : readCa(options.ca)
  if (ca === null) return `--ca is no file of PEM certificates: ${options.ca}`
  return {
    url: `${given.protocol.replace(/^http/, 'ws')}//${given.host}${given.pathname.replace(/\/$/, '')}`,
    app,
    trust: { rejectUnauthorized: options.insecure !== true, ...(ca === undefined ? {} : { ca }) },
    channel: 'public',
  }
}

/** The flags together, or the first app of the configuration. */
function appOf({ appId, key, secret, ...flags }: HealthOptions): CanaryTarget['app'] | string {
  const named = [appId, key, secret].filter((value) => value !== undefined)
  if (appId !== undefined && key !== undefined && secret !== undefined) {
    return { id: appId, key, secrets: [new Secret(secret)] }
  }
  if (named.length > 0) return '--app-id, --key and --secret belong together.'
  const { config, originOf } = loadConfig({ flags })
  const origin = originOf(['apps', 0, 'secret'])
  const isMadeUp = origin.kind === 'generated' && !origin.isKept
  const app = isMadeUp ? undefined : config.apps.find(({ enabled }) => enabled)
  if (app === undefined) return 'No app is configured: give --app-id, --key and --secret.'
  return { id: app.id, key: app.key, secrets: [new Secret(app.secret)] }
}

/** @returns null where the file is not there, or holds no certificate */
function readCa(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8')
    new X509Certificate(text) // the first of them
    return text
  } catch {
    return null
  }
}

/** @returns what is wrong, when something is */
function budgetOf({ warnMs, critMs }: HealthOptions): Budget | string {
  const crit = Number(critMs ?? Math.max(DEFAULT_BUDGET.critMs, Number(warnMs ?? 0)))
  const warn = Number(warnMs ?? Math.min(DEFAULT_BUDGET.warnMs, crit))
  const isTime = (value: number): boolean =>
    Number.isInteger(value) && value > 0 && value <= MOST_MS
  if (isTime(warn) && isTime(crit) && warn <= crit) return { warnMs: warn, critMs: crit }
  return `--warn-ms and --crit-ms are milliseconds, 1 to ${MOST_MS}, in this order.`
}

function withoutEvent(outcome: 'critical' | 'unknown', reason: string, budget: Budget): Report {
  const cause = outcome === 'critical' ? 'unreachable' : 'not-judged'
  const known = { milliseconds: null, legs: NO_LEGS, at: new Date().toISOString(), processes: [] }
  return { outcome, cause, reason, ...known, ...budget }
}

function asText(report: Report, facts: Terminal): string {
  const lines = [fitted(`${symbol(report.outcome, facts)}: ${report.reason}`, '', facts)]
  const legs = Object.entries(report.legs).filter(([, milliseconds]) => milliseconds !== null)
  if (legs.length > 0) {
    const text = legs.map(([leg, milliseconds]) => `${leg} ${milliseconds} ms`).join(', ')
    lines.push(fitted(text, '  ', facts))
  }
  const { processes } = report
  if (processes.length > 1) {
    for (const { pid, outcome, reason } of processes) {
      lines.push(fitted(`${symbol(outcome, facts)}: process ${pid}: ${reason}`, '  ', facts))
    }
  }
  return lines.join('\n')
}
