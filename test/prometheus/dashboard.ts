/** The dashboard in docs/, and the queries of its panels as Grafana asks them. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'

export const DASHBOARD_FILE = path.join(import.meta.dirname, '../../docs/grafana/resound.json')

const Dashboard = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z.array(z.object({ expr: z.string() })).default([]),
    }),
  ),
})

/** What Grafana puts in the place of its variables, for all servers and apps. */
const VARIABLES: readonly (readonly [string, string])[] = [
  ['$__rate_interval', '10s'],
  ['$instance', '.*'],
  ['$app', '.*'],
]

/** @returns panel and query of each */
export function dashboardQueries(): readonly (readonly [string, string])[] {
  const { panels } = Dashboard.parse(JSON.parse(readFileSync(DASHBOARD_FILE, 'utf8')))
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => {
      const query = VARIABLES.reduce((text, [name, value]) => text.replaceAll(name, value), expr)
      if (query.includes('$')) throw new Error(`a variable that nobody fills in: ${query}`)
      return [title, query] as const
    }),
  )
}
