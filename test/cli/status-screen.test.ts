import stringWidth from 'string-width'
import { expect, it } from 'vitest'
import type { Status } from '../../src/cli/documents/status.ts'
import { screen } from '../../src/cli/status-screen.ts'
import type { Terminal } from '../../src/cli/terminal.ts'

const facts: Terminal = { isTerminal: true, width: 80, coloured: false, unicode: false }

const inDays = (days: number): string =>
  new Date(Date.now() + days * 86_400_000 + 3_600_000).toISOString()

const status = (certificateEnd: string | null): Status => ({
  version: '1.2.3',
  pid: 4_000_000,
  uptimeSeconds: 90_061,
  ready: true,
  reason: '1 of 2 workers are serving',
  generation: { id: '12-0123abcd', startedAt: '2026-01-01T00:00:00.000Z' },
  workers: {
    wanted: 2,
    serving: 1,
    respawns: 3,
    lastEnding: { code: null, signal: 'SIGKILL', at: '2026-01-02T00:00:00.000Z' },
  },
  processes: [
    {
      pid: 4_000_001,
      generation: '12-0123abcd',
      state: 'serving',
      uptimeSeconds: 90_000,
      connections: { open: 100_000, limit: 1_048_576 },
      openFiles: { open: 100_100, limit: 1_048_576 },
      memory: { residentBytes: 4 * 1024 ** 3 },
      eventLoopDelay: { p99Seconds: 0.0051 },
      redis: [
        { isUp: true, roundTripSeconds: 0.0004, lastMessageAgeSeconds: 75, patterns: ['shop_*'] },
        { isUp: false, roundTripSeconds: 0.002, lastMessageAgeSeconds: null, patterns: [] },
      ],
      apps: { config: 2, postgres: 1000 },
      nodes: 3,
      certificateEnd,
    },
    { pid: 4_000_002, generation: '12-0123abcd', state: 'silent' },
  ],
  connections: { open: 100_000, limit: null },
  listeners: {
    public: { host: '::', port: 8080, tls: true },
    admin: { host: '127.0.0.1', port: 9601 },
    socket: '/run/resound/0123456789abcdef.sock',
  },
  isRestarting: false,
  lastRestart: {
    at: '2026-01-03T00:00:00.000Z',
    reason: 'resound restart',
    outcome: 'failed',
    message: 'The configuration has a problem',
  },
})

it('says all there is to know of a server, in 80 columns', () => {
  expect(screen(status(inDays(40)), facts).split('\n')).toEqual([
    'Resound 1.2.3',
    '',
    '  Ready         + ok: 1 of 2 workers are serving',
    '  Up            1 d 1 h, process 4000000',
    '  Generation    12-0123abcd, since 2026-01-01T00:00:00Z',
    '  Listening     https://[::]:8080',
    '  Admin         http://127.0.0.1:9601, /run/resound/0123456789abcdef.sock',
    '  Workers       1 of 2 serving, replaced 3 times, the last ended by SIGKILL at',
    '                2026-01-02T00:00:00Z',
    '  Connections   100000 of any number',
    '  Apps          2 from config, 1000 from postgres',
    '  Redis         1 of 2 connections do not answer, round trip 2 ms, last message',
    '                1 min 15 s ago',
    '  Subscribed    "shop_*"',
    '  Nodes         3, with this one',
    expect.stringMatching(/^ {2}Certificate {3}ends .*, in 40 days$/),
    '  Last restart  2026-01-03T00:00:00Z, by resound restart: failed, The',
    '                configuration has a problem',
    '',
    '  process  state    connections        open files         memory    loop p99',
    '  4000001  serving  100000 of 1048576  100100 of 1048576  4096 MiB  5.1 ms',
    '  4000002  silent   -                  -                  -         -',
  ])
})

it.each([
  [10, /^ {2}Certificate {3}! warning: ends .*, in 10 days$/m],
  [-2, /^ {2}Certificate {3}x critical: it has ended, /m],
])('tells of a certificate whose end is in %i days', (days, text) => {
  expect(screen(status(inDays(days)), facts)).toMatch(text)
})

it.each([40, 80, 120])('fits %i columns', (width) => {
  for (const line of screen(status(inDays(40)), { ...facts, width }).split('\n')) {
    // A path has no place to be broken at.
    if (!line.includes('.sock')) expect(stringWidth(line), line).toBeLessThanOrEqual(width)
  }
})
