import { vi } from 'vitest'
import { PATIENCE_MILLISECONDS } from './patience.ts'

/** Repeats an assertion until it holds. @throws its last failure, when patience is over */
export const eventually = <T>(assertion: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(assertion, { timeout: PATIENCE_MILLISECONDS })
