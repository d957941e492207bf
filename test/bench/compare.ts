/**
 * The comparisons: Resound in two ways by turns, each time started afresh, as `run.ts` does it.
 * Exits 1 when anything was lost.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '../support/free-port.ts'
import { type Beside, type Comparison, comparisons, type Way } from './comparisons.ts'
import { isComplete, putLoad, type Result, Result as Shape } from './generator.ts'
import { tenth } from './loads.ts'
import { GENERATOR_CPU, pinTo, run } from './process.ts'
import { median, quotient, show } from './report.ts'
import { choose, rotate } from './rounds.ts'
import { startRedis, startServer } from './servers.ts'

const help = `npm run bench:compare -- [options]

  --only a,b   which to run, of ${Object.keys(comparisons).join(', ')}
  --reps N     repetitions, of which the median counts (5)
  --quick      a tenth of each load, once: shows that it works`

const SLOW_MILLISECONDS = 2000

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    reps: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

// an interrupted run still ends its servers, which happens at exit
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

if (options.help) console.log(help)
else process.exitCode = await compareAll()

async function compareAll(): Promise<number> {
  const chosen = choose(options.only, Object.keys(comparisons), 'comparison')
  const repetitions = options.quick ? 1 : Number(options.reps ?? 5)
  if (!(repetitions >= 1)) throw new Error('--reps takes a number from 1')
  const generator = pinTo(GENERATOR_CPU)
  const slow = await startSlowEndpoint()
  const rows: string[] = []
  let isWhole = true
  try {
    for (const name of chosen) {
      const comparison = comparisons[name]
      if (comparison === undefined) continue
      const results = await measure(comparison, repetitions, generator, slow.url)
      isWhole &&= [...results.values()].flat().every(isComplete)
      rows.push(...rowsOf(name, comparison, results))
    }
  } finally {
    slow.stop()
  }
  console.log(
    [
      '| comparison | measure | first way | second way | ratio | target |',
      '|---|---|---|---|---|---|',
      ...rows,
    ].join('\n'),
  )
  return isWhole ? 0 : 1
}

async function measure(
  { ways, needsRedis }: Comparison,
  repetitions: number,
  generator: readonly string[],
  slowUrl: string,
): Promise<ReadonlyMap<Way, readonly Result[]>> {
  const results = new Map<Way, Result[]>(ways.map((way) => [way, []]))
  const redis = needsRedis === true ? await startRedis() : undefined
  try {
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (const way of rotate(ways, repetition)) {
        const beside = { slowUrl, upstreamPort: await freePort(), adminPort: await freePort() }
        const result = await measureOnce(way, generator, beside, redis?.port)
        results.get(way)?.push(result)
        const summary = isComplete(result) ? 'complete' : `INCOMPLETE: ${JSON.stringify(result)}`
        console.error(way.name.padEnd(10), summary)
      }
    }
  } finally {
    await redis?.stop()
  }
  return results
}

async function measureOnce(
  way: Way,
  generator: readonly string[],
  beside: Beside,
  redisPort: number | undefined,
): Promise<Result> {
  const variables = { RESOUND_ADMIN_PORT: String(beside.adminPort), ...way.variables?.(beside) }
  const server = await startServer('resound', {}, redisPort, variables)
  const load = options.quick ? tenth(way.load) : way.load
  using _viewer = way.isWatched === true ? await look(beside.adminPort) : undefined
  try {
    if (way.by === undefined) return await putLoad(generator, server.target, load)
    const [command, ...parameters] = pinnedProgram(join(import.meta.dirname, `${way.by}.js`))
    const asked = { ...server.target, ...load, way: way.name, upstreamPort: beside.upstreamPort }
    const output = await run(command, [...parameters, JSON.stringify(asked)])
    return Shape.parse(JSON.parse(output))
  } finally {
    await server.stop()
  }
}

/** Looks at everything that happens, and reads it as it comes. */
async function look(adminPort: number): Promise<Disposable> {
  const leaving = new AbortController()
  const { signal } = leaving
  const answer = await fetch(`http://127.0.0.1:${adminPort}/tail`, { signal })
  if (answer.status !== 200) throw new Error(`the viewer is refused: ${answer.status}`)
  const reading = answer.body?.pipeTo(new WritableStream(), { signal })
  reading?.catch(() => undefined) // it ends by leaving
  return { [Symbol.dispose]: () => leaving.abort() }
}

/** A program of ours on the generator's CPU. */
function pinnedProgram(program: string): readonly [command: string, ...parameters: string[]] {
  const [command = process.execPath, ...parameters] = pinTo(GENERATOR_CPU)
  return command === process.execPath
    ? [command, program]
    : [command, ...parameters, process.execPath, program]
}

/** Answers every request with 200 after two seconds. */
async function startSlowEndpoint(): Promise<{ url: string; stop: () => void }> {
  const server = createServer((request, response) => {
    request.resume()
    setTimeout(() => response.end(), SLOW_MILLISECONDS).unref()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo // of a server that listens on TCP
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function rowsOf(
  name: string,
  { ways, measures }: Comparison,
  results: ReadonlyMap<Way, readonly Result[]>,
): string[] {
  return measures.map((measure) => {
    const [first, second] = ways.map((way) =>
      median((results.get(way) ?? []).map(measure.of).filter((figure) => figure !== undefined)),
    )
    const ratio = quotient(second, first)
    const limit = measure.ratioTo?.bare
    const target =
      options.quick || limit === undefined || ratio === undefined
        ? ''
        : `${ratio <= limit ? 'reached' : 'MISSED'} <= ${limit}`
    const names = ways.map((way) => way.name).join(', ')
    const cells = [
      `${name} (${names})`,
      measure.name,
      show(first),
      show(second),
      show(ratio),
      target,
    ]
    return `| ${cells.join(' | ')} |`
  })
}
