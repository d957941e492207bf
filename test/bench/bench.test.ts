import { join } from 'node:path'
import { expect, it } from 'vitest'
import { repository, run } from './process.ts'

const RUN_SECONDS = 120

it(
  'delivers every event of a small load, on Resound and on the bare server',
  async () => {
    await run('npm', ['run', 'bench:build'], { cwd: repository })
    const bench = join(repository, '.cache/bench/run.js')
    const parameters = [bench, '--quick', '--json', '--servers', 'resound,bare']
    // Fails when anything was lost, and then says what.
    const output = await run(process.execPath, parameters, { timeoutSeconds: RUN_SECONDS })

    const runs = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(runs).toHaveLength(12)
    for (const { scenario, server, result } of runs) {
      const { expected, happened } = result.publish ?? result.subscribe
      expect({ scenario, server, happened }).toEqual({ scenario, server, happened: expected })
      expect(happened).toBeGreaterThan(0)
    }
  },
  (RUN_SECONDS + 30) * 1000,
)

it(
  'measures small loads on nodes over one Redis, and what they ask of it',
  async () => {
    await run('npm', ['run', 'bench:build'], { cwd: repository })
    const bench = join(repository, '.cache/bench/nodes.js')
    const only = ['--only', 'headline,joins-250,idle-0', '--servers', 'resound', '--nodes', '2']
    // Fails when anything was lost.
    const output = await run(process.execPath, [bench, '--quick', ...only], {
      timeoutSeconds: RUN_SECONDS,
    })

    const rows = output.split('\n').map((row) => row.split('|').map((cell) => cell.trim()))
    for (const [scenario, measure] of [
      ['headline', 'server CPU us/delivery'],
      ['headline', 'Redis CPU us/event'],
      ['joins-250', 'joins/s'],
      ['idle-0', 'commands/s a node sends Redis'],
    ]) {
      const row = rows.find((cells) => cells[1] === scenario && cells[2] === measure)
      expect({ row, median: Number(row?.[4]?.replace(',', '')) > 0 }).toMatchObject({
        median: true,
      })
    }
  },
  (RUN_SECONDS + 30) * 1000,
)
