/**
 * Restarts in a row, of one node of three after the other.
 *
 * In the time that there is for all tests, 6 restarts under 1,200 connections; FAULT_RESTARTS=20 and
 * FAULT_CONNECTIONS=3000 are what docs/reliability.md gives figures of.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as passed } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gather } from './crowd.ts'
import { Group } from './group.ts'
import { Press } from './press.ts'
import { Recording } from './recording.ts'
import { flickersOf, judgeReturn, type Return } from './return.ts'
import { seed } from './seed.ts'
import { judge, type Trouble, type Verdict } from './verdict.ts'

const RESTARTS = Number(process.env['FAULT_RESTARTS'] ?? 6)
const CONNECTIONS = Number(process.env['FAULT_CONNECTIONS'] ?? 1200)
const RESIDENTS = 60
const VISITORS = 12
const CHANNELS = Math.ceil(CONNECTIONS / 10)
const EVENTS_PER_SECOND = 300
const DIALS_PER_SECOND = 400
const LINGER_SECONDS = 5
/**
 * Whether what is on its way to a listener that closes goes to another one: net.ipv4.tcp_migrate_req, which
 * docs/processes.md recommends. Without it Linux resets a connection now and then.
 */
const MIGRATES = readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8').trim() === '1'
const RESETS = MIGRATES ? 0 : 5 * RESTARTS

/** All who were sent away are back, and who has lingered has gone. */
const AFTER_MS = 15_000

describe(`after ${RESTARTS} restarts in a row under ${CONNECTIONS} connections`, () => {
  const recording = new Recording()
  let group: Group
  let pids: readonly number[]
  let trouble: Trouble
  let verdict: Verdict
  let back: Return

  beforeAll(
    async () => {
      group = await Group.start({ lingerSeconds: LINGER_SECONDS })
      const places = group.nodes
      using _crowd = gather({
        ...{ places, recording, seed, channels: CHANNELS, pages: 6, rooms: 2 },
        ...{ residents: RESIDENTS, visitors: VISITORS, dialsPerSecond: DIALS_PER_SECOND },
        listeners: CONNECTIONS - RESIDENTS - VISITORS - 6,
      })
      await passed((1000 * CONNECTIONS) / DIALS_PER_SECOND + 2000)
      await using _press = new Press({
        ...{ places, recording, channels: CHANNELS },
        eventsPerSecond: EVENTS_PER_SECOND,
      })
      await passed(2000)
      const from = performance.now()
      pids = group.pids
      for (let i = 0; i < RESTARTS; i += 1) await group.node(i).restart()
      const to = performance.now()
      await passed(AFTER_MS)
      trouble = { from, to, until: performance.now() - 1000, effects: [] }
    },
    60_000 + RESTARTS * 60_000,
  )
  afterAll(async () => {
    await group[Symbol.asyncDispose]()
    const seconds = Math.round((trouble.to - trouble.from) / 1000)
    console.log(
      `${RESTARTS} restarts under ${CONNECTIONS} connections in ${seconds} s, seed ${seed}:`,
      { ...back, errors: verdict.errors, published: verdict.published },
    )
  })

  it('the processes that were started are there', () => {
    verdict = judge(recording, trouble, 1000 * LINGER_SECONDS)
    back = judgeReturn(recording, { from: trouble.from, to: trouble.until })
    expect(group.pids).toEqual(pids)
  })

  it('everybody is back, and has been told to come back', () => {
    expect(back.away).toEqual([])
    expect(back.returns).toBeGreaterThan((0.8 * RESTARTS * CONNECTIONS) / group.nodes.length)
    expect(back.otherCodes).toEqual({})
  })

  it('no dial was refused, and nobody was closed before they were established', () => {
    expect(back.closedTooSoon).toBe(0)
    expect(back.refused.filter((why) => why.includes('ECONNREFUSED'))).toEqual([])
    expect(back.refused.length, back.refused.join('\n')).toBeLessThanOrEqual(RESETS)
  })

  it('whoever kept a connection got everything', () => {
    expect(verdict.lost.slice(0, 10), `${verdict.lost.length}`).toEqual([])
    expect(verdict.twice).toBe(0)
  })

  it('nobody was announced as gone who came back', () => {
    const flickers = flickersOf(recording, (userId) => userId.startsWith('resident-'))
    expect(flickers.slice(0, 10), `${flickers.length}`).toEqual([])
    expect(verdict.doubles.slice(0, 10), `${verdict.doubles.length}`).toEqual([])
    expect(verdict.falseRemovals.slice(0, 10), `${verdict.falseRemovals.length}`).toEqual([])
  })

  it('publishing was answered 200, but for connections that were reset', () => {
    expect(verdict.errors.filter((why) => !/reset|closed|hang up/.test(why))).toEqual([])
    expect(verdict.errors.length, verdict.errors.join('\n')).toBeLessThanOrEqual(RESETS)
  })
})
