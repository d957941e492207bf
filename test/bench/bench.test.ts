import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { repository, run } from './process.ts'

it('delivers every event of a small load, on Resound and on the bare server', async () => {
  await run('npx', ['tsc', '-p', 'test/bench'], { cwd: repository })
  const bench = join(repository, '.cache/bench/run.js')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [bench, '--quick', '--json', '--servers', 'resound,bare'],
    { encoding: 'utf8', timeout: 60_000 },
  )
  expect(stderr).not.toContain('INCOMPLETE')
  expect(status).toBe(0)

  const runs = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(runs).toHaveLength(10)
  for (const { scenario, server, result } of runs) {
    const { expected, happened } = result.publish ?? result.subscribe
    expect({ scenario, server, happened }).toEqual({ scenario, server, happened: expected })
    expect(happened).toBeGreaterThan(0)
  }
}, 90_000)
