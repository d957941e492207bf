/** How far a load test is, on standard error: one line that changes on a terminal, else a line now and then. */
import type { Scenario } from '../bench/plan.ts'
import type { Progress } from '../bench/threads.ts'

const LINE_MILLISECONDS = 5000
const RETURN = '\r\u001b[K'

export class ProgressLine {
  readonly #stream: NodeJS.WriteStream
  #lastAt = Number.NEGATIVE_INFINITY
  #lastPhase = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  show(scenario: Scenario, { phase, happened, errors }: Progress): void {
    const now = performance.now()
    const name = scenario === phase ? scenario : `${scenario}, ${phase}`
    const failed = errors === 0 ? '' : `, ${errors.toLocaleString('en')} errors`
    const done = `${happened.toLocaleString('en')} done${failed}`
    const text = `${name}: ${happened + errors === 0 ? 'begins' : done}`
    if (this.#stream.isTTY) {
      this.#stream.write(RETURN + text)
      return
    }
    if (now - this.#lastAt < LINE_MILLISECONDS && name === this.#lastPhase) return
    this.#lastAt = now
    this.#lastPhase = name
    this.#stream.write(`${text}\n`)
  }

  /** Leaves the line to whoever writes next. */
  end(): void {
    if (this.#stream.isTTY) this.#stream.write(RETURN)
  }
}
