import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { metricsReference } from '../../src/cli/metrics-reference.ts'
import { DASHBOARD_FILE, dashboardQueries } from './dashboard.ts'

const run = promisify(execFile)
const ROOT = path.join(import.meta.dirname, '../..')

/** Enums stand in JSON as their values. */
const TYPES = `import type { Dashboard } from '@grafana/schema'
type Plain<T> = T extends string ? \`\${T}\`
  : T extends number | boolean | null | undefined ? T
  : T extends readonly (infer Each)[] ? Plain<Each>[]
  : { [Key in keyof T]: Plain<T[Key]> }
export const dashboard: Plain<Dashboard> = `

/** What the compiler says of a dashboard as one of Grafana's. */
async function problemsOf(dashboard: string): Promise<string> {
  const file = path.join(ROOT, '.cache/dashboard.ts') // where its types are found
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, TYPES + dashboard)
  const flags = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck']
  const target = ['--module', 'nodenext', '--target', 'es2022']
  return run('npx', ['tsc', ...flags, ...target, file], { cwd: ROOT }).then(
    () => '',
    (error) => String(error.stdout),
  )
}

it('the dashboard is one by the schema of Grafana', async () => {
  const text = readFileSync(DASHBOARD_FILE, 'utf8')
  expect(await problemsOf(text)).toBe('')
  expect(await problemsOf(text.replace('"refresh"', '"refersh"'))).toContain('\'"refersh"\'')
})

it('the dashboard asks for nothing that the server does not have, and for all that is ours', () => {
  const queries = dashboardQueries().map(([, query]) => query)
  const asked = new Set(queries.flatMap((query) => query.match(/resound_\w+/g) ?? []))
  const metrics = metricsReference().map(({ name, type }) => ({ name: String(name), type }))
  const known = metrics.flatMap(({ name, type }) =>
    type === 'histogram' ? `${name}_bucket` : name,
  )
  for (const name of asked) expect(known).toContain(name)
  const ours = known.filter((name) => !/_(nodejs|process)_/.test(name))
  const left = ours.filter((name) => !asked.has(name))
  expect(left.sort()).toEqual([
    'resound_connections_limit', // for an alert
    'resound_postgres_last_read_age_seconds',
  ])
})
