/** A server's log, whose lines a test can wait for. */
import { EventEmitter, once } from 'node:events'
import { type Logger, pino } from 'pino'

type Line = Readonly<Record<string, unknown>>

const PATIENCE_MS = 5_000

export class TestLog {
  readonly logger: Logger
  readonly #lines: Line[] = []
  readonly #written = new EventEmitter()

  constructor() {
    const write = (text: string): void => {
      this.#lines.push(JSON.parse(text))
      this.#written.emit('line')
    }
    this.logger = pino({ base: null, timestamp: false }, { write })
  }

  /** The first line whose message matches, as soon as it is written. @throws Error when none is */
  async line(message: RegExp): Promise<Line> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    for (;;) {
      const line = this.#lines.find(({ msg }) => message.test(String(msg)))
      if (line !== undefined) return line
      await once(this.#written, 'line', { signal })
    }
  }
}
