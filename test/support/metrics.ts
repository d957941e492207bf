/** What the admin port tells Prometheus. */
import type { TestServer } from './server.ts'

/** The value of one metric, over all nodes; 0 when it has none with these labels. @param labels beside the app's */
export async function metricOf(
  { nodes, app }: TestServer,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const wanted = Object.entries({ app: app.id, ...labels })
    .map(([label, value]) => `${label}="${value}"`)
    .join()
  const samples = nodes.map((node) => sampleOf(node, `${name}{${wanted}}`))
  return (await Promise.all(samples)).reduce<number>((sum, sample) => sum + (sample ?? 0), 0)
}

/** The value of one series as it is written, labels and all; undefined when there is none. */
export async function sampleOf(
  { admin }: TestServer['server'],
  series: string,
): Promise<number | undefined> {
  const response = await fetch(`http://127.0.0.1:${admin.port}/metrics`)
  const lines = (await response.text()).split('\n')
  const value = lines
    .find((text) => text.startsWith(`${series} `))
    ?.split(' ')
    .at(-1)
  return value === undefined ? undefined : Number(value)
}

/** Every sample, by its name and labels. */
export async function scrape({ server }: TestServer): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${server.admin.port}/metrics`)
  const lines = (await response.text()).split('\n')
  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const space = line.lastIndexOf(' ')
        return [line.slice(0, space), Number(line.slice(space + 1))]
      }),
  )
}
