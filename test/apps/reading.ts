/** A table of apps that is read by the tests, as a server reads it. */
import { expect } from 'vitest'
import type { z } from 'zod'
import { PostgresApps } from '../../src/apps/apps-from-postgres.ts'
import { Config } from '../../src/config/schema.ts'
import { countingClock, type TestClock } from '../support/clock.ts'
import { TestLog } from '../support/test-log.ts'

type PostgresOptions = NonNullable<z.input<typeof Config>['postgres']> & { readonly url: string }

export class Reading implements AsyncDisposable {
  readonly table: PostgresApps
  readonly log = new TestLog()
  /** How often a change was told. */
  changes = 0
  readonly #clock: TestClock

  /** Begins at once. */
  constructor(options: PostgresOptions, clock: TestClock = countingClock()) {
    this.#clock = clock
    const { postgres } = Config.parse({ postgres: options })
    this.table = new PostgresApps({
      postgres: { ...postgres, url: options.url },
      log: this.log.logger,
      clock,
    })
    this.table.start(() => {
      this.changes += 1
    })
  }

  /** Resolves when the table has been read for the first time. */
  async begun(): Promise<this> {
    await this.log.line(/reading apps/)
    return this
  }

  get ids(): readonly string[] {
    return this.table.apps.map(({ id }) => id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.table.stop()
    expect(this.#clock.running, 'timers left').toBe(0)
  }
}
