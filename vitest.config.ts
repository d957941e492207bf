import { defineConfig } from 'vitest/config'
import { PATIENCE_MILLISECONDS } from './test/support/patience.ts'

/**
 * What the protocol says, which has to hold whatever node a client is on. Tests in which time is turned by
 * hand ask for one node: Redis has a clock of its own.
 */
const PROTOCOL = [
  'cache-channels',
  'canary',
  'client-events',
  'connection',
  'encrypted',
  'http-batch',
  'http-channels',
  'http-events',
  'http-limits',
  'http-signature',
  'http-users',
  'presence',
  'signin',
  'subscribing',
  'subscription-count',
  'subscription-refusals',
  'watchlist',
  'webhooks',
]

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    // Real servers, browsers and PHP start in some tests; a hang still has to end.
    testTimeout: 20_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: PATIENCE_MILLISECONDS } },
    // Most of a test's time is waiting for what it started: two at a time on two cores as well.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'one node', include: ['test/**/*.test.ts'], exclude: ['test/faults/**'] },
      },
      {
        extends: true,
        test: {
          name: 'two nodes',
          include: PROTOCOL.map((name) => `test/spec/${name}.test.ts`),
          env: { TEST_NODES: '2' },
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          // They measure times: after all the others, and one after the other.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
