import { defineConfig } from 'vitest/config'
import { PATIENCE_MILLISECONDS } from './test/support/patience.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Real servers, browsers and PHP start in some tests; a hang still has to end.
    testTimeout: 20_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: PATIENCE_MILLISECONDS } },
  },
})
