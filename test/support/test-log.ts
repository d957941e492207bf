/** A server's log, whose lines a test can wait for. */
import { EventEmitter, once } from 'node:events'
import { type Logger, pino } from 'pino'
import { PATIENCE_MILLISECONDS } from './patience.ts'

type Line = Readonly<Record<string, unknown>>

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

  /** The lines so far whose message matches. */
  lines(message: RegExp): readonly Line[] {
    return this.#lines.filter(({ msg }) => message.test(String(msg)))
  }

  /** The first line whose message matches, as soon as it is written. @throws Error when none is in time */
  async line(message: RegExp, patienceMilliseconds = PATIENCE_MILLISECONDS): Promise<Line> {
    const signal = AbortSignal.timeout(patienceMilliseconds)
    for (;;) {
      const [line] = this.lines(message)
      if (line !== undefined) return line
      await once(this.#written, 'line', { signal })
    }
  }
}
