/**
 * Several nodes over one Redis, beside soketi with its Redis adapter, under the same loads, by turns.
 *
 * Each repetition of a scenario starts every group afresh, with a Redis of its own, in an order that
 * rotates. All nodes of a group share one CPU with the load generator on the other and Redis on either, so
 * rates say what one CPU of nodes does. Loopback only; every run is bounded in time and count; nothing is ended but what
 * was started here. Exits 1 when Resound lost anything.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { installSoketi } from '../support/soketi.ts'
import { type CommandRate, CommandWatch } from './commands.ts'
import { isComplete, putLoad, type Result } from './generator.ts'
import { tenth } from './loads.ts'
import { type Group, type NodeScenario, nodeScenarios } from './node-scenarios.ts'
import { GENERATOR_CPU, pinTo } from './process.ts'
import { median, quotient, show } from './report.ts'
import { choose, rotate } from './rounds.ts'
import { startGroup } from './servers.ts'

const help = `npm run bench:nodes -- [options]

  --only a,b      which to run, of ${Object.keys(nodeScenarios).join(', ')}
  --servers a,b   of resound, soketi; both without it
  --nodes a,b     of 1, 2, 3; all without it
  --reps N        repetitions, of which the median counts (5)
  --quick         a tenth of each load, once: shows that it works`

const QUIET_SHARE = 0.75
const END_SECONDS = 0.5

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    servers: { type: 'string' },
    nodes: { type: 'string' },
    reps: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

interface Measured {
  readonly result: Result
  readonly commands: CommandRate | undefined
}

// an interrupted run still ends its servers, which happens at exit
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

if (options.help) console.log(help)
else process.exitCode = await measureAll()

async function measureAll(): Promise<number> {
  const chosen = choose(options.only, Object.keys(nodeScenarios), 'scenario')
  const servers = choose(options.servers, ['resound', 'soketi'], 'server')
  const sizes = choose<string>(options.nodes, ['1', '2', '3'], 'number of nodes')
  const repetitions = options.quick ? 1 : Number(options.reps ?? 5)
  if (!(repetitions >= 1)) throw new Error('--reps takes a number from 1')
  if (process.platform !== 'linux') throw new Error('CPU times are read from /proc: Linux only')
  if (servers.includes('soketi')) await installSoketi() // before anything is measured
  const generator = pinTo(GENERATOR_CPU)
  const rows: string[] = []
  let isWhole = true
  for (const name of chosen) {
    const scenario = nodeScenarios[name]
    if (scenario === undefined) continue
    const groups = scenario.groups.filter(
      ({ server, nodes }) => servers.includes(server) && sizes.includes(String(nodes)),
    )
    const measured = new Map<Group, Measured[]>(groups.map((group) => [group, []]))
    for (let repetition = 0; repetition < repetitions && groups.length > 0; repetition++) {
      for (const group of rotate(groups, repetition)) {
        const one = await measure(scenario, group, generator)
        measured.get(group)?.push(one)
        if (!tell(name, scenario, group, one) && group.server === 'resound') isWhole = false
      }
    }
    rows.push(...rowsOf(name, scenario, measured))
  }
  const head = ['scenario', 'measure', 'group', 'median', 'to soketi', 'target', 'lost in']
  console.log([line(head), line(head.map(() => '---')), ...rows].join('\n'))
  return isWhole ? 0 : 1
}

async function measure(
  { load, countsCommands }: NodeScenario,
  { server, nodes, sharing }: Group,
  generator: readonly string[],
): Promise<Measured> {
  const group = await startGroup(server, nodes, sharing)
  const sized = options.quick ? tenth(load) : load
  const { redisPort } = group.target
  const isCounted = countsCommands === true && redisPort !== undefined
  const watch = isCounted ? await CommandWatch.start(redisPort) : undefined
  try {
    const result = await putLoad(generator, group.target, sized)
    // before the connections that the generator has just closed are said to be gone
    const commands = watch?.rate(QUIET_SHARE * (sized.idleSeconds ?? 0), END_SECONDS)
    return { result, commands }
  } finally {
    watch?.stop()
    await group.stop()
  }
}

/** One line of progress. @returns whether everything arrived */
function tell(
  name: string,
  { measures }: NodeScenario,
  group: Group,
  { result, commands }: Measured,
): boolean {
  const isWhole = isComplete(result)
  const figures = measures.map((measure) => `${measure.name} ${show(measure.of(result))}`)
  const asked = commands === undefined ? [] : [`${show(commands.sent)} commands/s`]
  const load = `load average ${loadavg()[0]?.toFixed(1)}`
  console.error([name.padEnd(13), group.name.padEnd(18), ...figures, ...asked, load].join('  '))
  if (!isWhole) console.error(`  INCOMPLETE: ${JSON.stringify(result)}`)
  return isWhole
}

function rowsOf(
  name: string,
  { measures }: NodeScenario,
  measured: ReadonlyMap<Group, readonly Measured[]>,
): string[] {
  const medianOf = (group: Group, figure: (measured: Measured) => number | undefined) =>
    median((measured.get(group) ?? []).map(figure).filter((value) => value !== undefined))
  const groups = [...measured.keys()]
  const rows = measures.flatMap((measure) =>
    groups.map((group) => {
      const other = groups.find(({ server, nodes }) => server === 'soketi' && nodes === group.nodes)
      const own = medianOf(group, ({ result }) => measure.of(result))
      const theirs = other && medianOf(other, ({ result }) => measure.of(result))
      const ratio = group.server === 'resound' ? quotient(own, theirs) : undefined
      const runs = measured.get(group) ?? []
      const lost = runs.filter(({ result }) => !isComplete(result)).length
      return line([
        name,
        measure.name,
        group.name,
        show(own),
        show(ratio),
        verdict(ratio, measure.ratioTo?.soketi),
        `${lost} of ${runs.length}`,
      ])
    }),
  )
  const rates = groups.flatMap((group) => {
    const sent = medianOf(group, ({ commands }) => commands && commands.sent / group.nodes)
    if (sent === undefined) return []
    const inScripts = medianOf(
      group,
      ({ commands }) => commands && commands.inScripts / group.nodes,
    )
    return [
      line([name, 'commands/s a node sends Redis', group.name, show(sent), '-', '', '']),
      line([name, 'commands/s in its scripts', group.name, show(inScripts), '-', '', '']),
    ]
  })
  return [...rows, ...rates]
}

function verdict(ratio: number | undefined, limit: number | undefined): string {
  if (options.quick || ratio === undefined || limit === undefined) return ''
  return `${ratio <= limit ? 'reached' : 'MISSED'} <= ${limit}`
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
