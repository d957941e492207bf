import { join } from 'node:path'
import { expect, it } from 'vitest'
import { repository, run } from './process.ts'

const RUN_SECONDS = 120

it(
  'delivers every event of a small load, on Resound and on the bare server',
  async () => {
    await run('npx', ['tsc', '-p', 'test/bench'], { cwd: repository })
    const bench = join(repository, '.cache/bench/run.js')
    const parameters = [bench, '--quick', '--json', '--servers', 'resound,bare']
    // Fails when anything was lost, and then says what.
    const output = await run(process.execPath, parameters, { timeoutSeconds: RUN_SECONDS })

    const runs = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(runs).toHaveLength(10)
    for (const { scenario, server, result } of runs) {
      const { expected, happened } = result.publish ?? result.subscribe
      expect({ scenario, server, happened }).toEqual({ scenario, server, happened: expected })
      expect(happened).toBeGreaterThan(0)
    }
  },
  (RUN_SECONDS + 30) * 1000,
)
