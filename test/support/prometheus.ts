/** A real Prometheus that scrapes a test's servers: its own process, configuration and directory. */
import { z } from 'zod'
import { Directory } from './directory.ts'
import { freePort } from './free-port.ts'
import { startProgram } from './program.ts'

const Sample = z.object({
  metric: z.record(z.string(), z.string()),
  value: z.tuple([z.number(), z.string()]),
})
export type Sample = z.infer<typeof Sample>

const Answer = z.discriminatedUnion('status', [
  z.object({ status: z.literal('success'), data: z.unknown() }),
  z.object({ status: z.literal('error'), error: z.string() }),
])

const Vector = z.object({ resultType: z.literal('vector'), result: z.array(Sample) })

const Alerts = z.object({
  alerts: z.array(
    z.object({ labels: z.record(z.string(), z.string()), state: z.enum(['pending', 'firing']) }),
  ),
})

export class TestPrometheus implements AsyncDisposable {
  readonly #url: string
  readonly #program: AsyncDisposable

  private constructor(url: string, program: AsyncDisposable) {
    this.#url = url
    this.#program = program
  }

  /** @param files its configuration, prometheus.yml, and what that names */
  static async start(files: Readonly<Record<string, string>>): Promise<TestPrometheus> {
    const directory = new Directory(files)
    const port = await freePort()
    const program = await startProgram(
      [
        'prometheus',
        `--config.file=${directory.file('prometheus.yml')}`,
        `--storage.tsdb.path=${directory.file('data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--query.lookback-delta=10s',
      ],
      { directory, ready: 'Server is ready to receive web requests', on: 'stderr' },
    )
    return new TestPrometheus(`http://127.0.0.1:${port}`, program)
  }

  /** What a query says now. @throws Error with what Prometheus has against it */
  async query(expression: string): Promise<readonly Sample[]> {
    const query = new URLSearchParams({ query: expression })
    return Vector.parse(await this.#ask(`/api/v1/query?${query}`)).result
  }

  /** Names of the alerts that fire, with their labels. */
  async firing(): Promise<readonly Readonly<Record<string, string>>[]> {
    const { alerts } = Alerts.parse(await this.#ask('/api/v1/alerts'))
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
  }

  async #ask(path: string): Promise<unknown> {
    const answer = Answer.parse(await (await fetch(this.#url + path)).json())
    if (answer.status === 'error') throw new Error(answer.error)
    return answer.data
  }
}
