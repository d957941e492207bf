/**
 * The benchmark: Resound, a bare uWebSockets.js server and soketi under the same loads, by turns.
 *
 * Each repetition of a scenario starts every server afresh, in an order that rotates, pinned to one
 * CPU with the load generator on the other. Compare CPU times: on a shared machine they repeat
 * within a few per cent, where latencies do not. Loopback only; every run is bounded in time and
 * count; nothing is ended but what was started here. Exits 1 when any delivery was lost.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { installSoketi } from '../support/soketi.ts'
import { isComplete, type Load, putLoad } from './generator.ts'
import { tenth } from './loads.ts'
import { GENERATOR_CPU, pinTo, type Running } from './process.ts'
import { type Run, report } from './report.ts'
import { choose, rotate } from './rounds.ts'
import { type Scenario, scenarios } from './scenarios.ts'
import { loadFor, type ServerName, serverNames, startRedis, startServer } from './servers.ts'

const help = `npm run bench -- [options]

  --scenarios a,b   which to run; all without it (with --quick a few)
  --servers a,b     of ${serverNames.join(', ')}; all without it
  --reps N          repetitions, of which the median counts (5)
  --quick           a tenth of each load, once: shows that it works, not how fast it is
  --json            every result as a line of JSON instead of the table
  --list            the scenarios`

const quickScenarios = 'headline,fan-100,sat-1,client-10,sub-private,presence-100'
const spareFiles = 200 // what a server opens beside its connections

const { values: options } = parseArgs({
  options: {
    scenarios: { type: 'string' },
    servers: { type: 'string' },
    reps: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

// an interrupted run still ends its servers, which happens at exit
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

if (options.help) console.log(help)
else if (options.list)
  for (const [name, { what }] of Object.entries(scenarios)) console.log(name.padEnd(16), what)
else process.exitCode = await bench()

async function bench(): Promise<number> {
  const chosen = choose(
    options.scenarios ?? (options.quick ? quickScenarios : undefined),
    Object.keys(scenarios),
    'scenario',
  )
  const servers = choose(options.servers, serverNames, 'server')
  const repetitions = options.quick ? 1 : Number(options.reps ?? 5)
  if (!(repetitions >= 1)) throw new Error('--reps takes a number from 1')
  if (process.platform !== 'linux') throw new Error('CPU times are read from /proc: Linux only')
  if (servers.includes('soketi')) await installSoketi() // before anything is measured
  const generator = pinTo(GENERATOR_CPU)

  const runs: Run[] = []
  let complete = true
  for (const name of chosen) {
    const scenario = scenarios[name]
    if (scenario === undefined) continue
    if (scenario.load.connections + spareFiles > openFilesLimit()) {
      console.error(
        `${name} left out: it needs ulimit -n ${scenario.load.connections + spareFiles}`,
      )
      complete = false
      continue
    }
    const redis = scenario.needsRedis ? await startRedis() : undefined
    try {
      for (let repetition = 0; repetition < repetitions; repetition++) {
        for (const server of rotate(servers, repetition)) {
          const run = {
            scenario: name,
            server,
            result: await measure(server, scenario, generator, redis),
          }
          runs.push(run)
          complete = tell(run) && complete
        }
      }
    } finally {
      await redis?.stop()
    }
  }
  if (options.json) for (const run of runs) console.log(JSON.stringify(run))
  else console.log(`\n${report(runs, !options.quick)}`)
  return complete ? 0 : 1
}

async function measure(
  server: ServerName,
  scenario: Scenario,
  generator: readonly string[],
  redis?: Running & { readonly port: number },
) {
  const started = await startServer(server, scenario, redis?.port)
  const sized = (load: Load) => loadFor(server, options.quick ? tenth(load) : load)
  try {
    if (scenario.warm) await putLoad(generator, started.target, sized(scenario.warm))
    return await putLoad(generator, started.target, sized(scenario.load))
  } finally {
    await started.stop()
  }
}

/** One line of progress. @returns whether everything arrived. */
function tell({ scenario, server, result }: Run): boolean {
  const complete = isComplete(result)
  const first = scenarios[scenario]?.measures[0]
  console.error(
    scenario.padEnd(16),
    server.padEnd(8),
    first?.name,
    first?.of(result)?.toPrecision(4),
  )
  if (!complete) console.error(`  INCOMPLETE: ${JSON.stringify(result)}`)
  return complete
}

/** The hard limit, to which every process here raises its own. */
function openFilesLimit(): number {
  const line = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
  return line?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line?.[1] ?? 0)
}
