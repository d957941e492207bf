/** What the admin port tells Prometheus. */
import type { TestServer } from './server.ts'

/** The value of one metric; 0 when it has none with these labels. @param labels beside the app's */
export async function metricOf(
  { server, app }: TestServer,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.admin.port}/metrics`)
  const wanted = Object.entries({ app: app.id, ...labels })
    .map(([label, value]) => `${label}="${value}"`)
    .join()
  const line = (await response.text())
    .split('\n')
    .find((text) => text.startsWith(`${name}{${wanted}} `))
  return Number(line?.split(' ').at(-1) ?? 0)
}
