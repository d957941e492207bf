import { describe, expect, it } from 'vitest'
import { type Check, type Finding, ok, skip } from '../../src/diagnose/check.ts'
import { choose, exitCodeOf, firstBroken, type Result, runChecks } from '../../src/diagnose/run.ts'

type Scene = Readonly<Record<string, never>>

const check = (
  id: Check<Scene>['id'],
  found: Finding,
  needs?: readonly string[],
): Check<Scene> => ({
  id,
  area: id.split('.')[0] as Check<Scene>['area'],
  question: 'Is it so',
  ...(needs === undefined ? {} : { needs }),
  run: () => found,
})
const broken: Finding = { outcome: 'critical', summary: 'It is not.' }

const run = async (checks: readonly Check<Scene>[], choice = {}) => {
  const told: Result[] = []
  const results = await runChecks(checks, {}, choice, (result) => told.push(result))
  expect(told).toEqual(results)
  return results
}
const outcomes = (results: readonly Result[]) => results.map(({ id, outcome }) => [id, outcome])

describe('what needs a check that failed', () => {
  it('is not tested, nor what needs that, each saying what comes first', async () => {
    const results = await run([
      check('server.one', broken),
      check('way-in.two', ok('Yes.'), ['server.one']),
      check('way-in.three', ok('Yes.'), ['way-in.two']),
      check('host.four', ok('Yes.')),
    ])
    expect(outcomes(results)).toEqual([
      ['server.one', 'critical'],
      ['way-in.two', 'not-tested'],
      ['way-in.three', 'not-tested'],
      ['host.four', 'ok'],
    ])
    expect(results.map(({ because }) => because)).toEqual([
      undefined,
      'server.one',
      'way-in.two',
      undefined,
    ])
  })

  it('is tested after a warning, after one that does not concern, and after one left out', async () => {
    const checks = [
      check('server.warns', { outcome: 'warning', summary: 'Nearly.' }),
      check('server.skips', skip('Not here.')),
      check('server.left', broken),
      check('way-in.two', ok('Yes.'), ['server.warns', 'server.skips', 'server.left']),
    ]
    const results = await run(checks, { skip: ['server.left'] })
    expect(outcomes(results).at(-1)).toEqual(['way-in.two', 'ok'])
  })
})

it('an area or an id chooses, together with what it needs', () => {
  const checks = [
    check('server.one', ok('')),
    check('server.two', ok('')),
    check('way-in.three', ok(''), ['server.one']),
    check('host.four', ok('')),
  ]
  const ids = (choice: object) => choose(checks, choice).map(({ id }) => id)
  expect(ids({ only: ['way-in'] })).toEqual(['server.one', 'way-in.three'])
  expect(ids({ only: ['host.four'] })).toEqual(['host.four'])
  expect(ids({ skip: ['server'] })).toEqual(['way-in.three', 'host.four'])
  expect(ids({})).toHaveLength(4)
})

it('a check that fails by itself is unknown, with its reason, and harms no other', async () => {
  const throws: Check<Scene> = {
    ...check('server.throws', ok('')),
    run: () => {
      throw new Error('no such thing')
    },
  }
  const results = await run([throws, check('host.next', ok('Yes.'))])
  expect(outcomes(results)).toEqual([
    ['server.throws', 'unknown'],
    ['host.next', 'ok'],
  ])
  expect(results[0]?.evidence).toEqual(['no such thing'])
})

it.each([
  ['nothing at all', [], 0],
  ['all well', ['ok', 'skip'], 0],
  ['a warning', ['ok', 'warning'], 1],
  ['something unknown', ['warning', 'unknown'], 3],
  ['a fault', ['unknown', 'critical', 'not-tested', 'warning'], 2],
] as const)('%s ends as a Nagios plugin does', (_what, outcomes, code) => {
  const results = outcomes.map(
    (outcome): Result => ({
      id: `host.${outcome}`,
      area: 'host',
      question: 'Is it so',
      outcome,
      summary: '',
      milliseconds: 0,
    }),
  )
  expect(exitCodeOf(results)).toBe(code)
  expect(firstBroken(results)?.id).toBe(code === 2 ? 'host.critical' : undefined)
})
