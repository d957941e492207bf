import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { SOKETI_OPTIONS } from '../../src/soketi/options.ts'
import { Directory } from '../support/directory.ts'
import { installSoketi } from '../support/soketi.ts'

const INSTALL_TIMEOUT_MS = 5 * 60_000

/** What soketi's command line knows: its variables, and the server's defaults. */
interface Known {
  readonly envVariables: Readonly<Record<string, string>>
  readonly options: unknown
}

let soketi: Known
beforeAll(async () => {
  const cli = path.join(path.dirname(await installSoketi()), '../dist/cli/cli.js')
  const script = `const { Cli } = require(${JSON.stringify(cli)})
    const { envVariables, server: { options } } = new Cli()
    process.stdout.write(JSON.stringify({ envVariables, options }))`
  using home = new Directory() // something in the package makes one of its own there
  const env = { PATH: process.env['PATH'], HOME: home.path, NODE_NO_WARNINGS: '1' }
  soketi = JSON.parse(execFileSync(process.execPath, ['-e', script], { env, encoding: 'utf8' }))
}, INSTALL_TIMEOUT_MS)

it('has the variables of the package', () => {
  const variables = SOKETI_OPTIONS.flatMap((option) =>
    option.variable === undefined ? [] : [[option.variable, option.path]],
  )
  const expected = Object.entries(soketi.envVariables).map(([name, option]) => [
    `SOKETI_${name}`,
    option,
  ])
  expect(Object.fromEntries(variables)).toEqual(Object.fromEntries(expected))
})

it('has the defaults of the package, and no fewer options', () => {
  for (const { path: option, default: value } of SOKETI_OPTIONS) {
    if (value !== undefined) expect(soketi.options, option).toHaveProperty(option, value)
  }
  const known = SOKETI_OPTIONS.map((option) => option.path)
  const others = leavesOf(soketi.options).filter((option) => !known.includes(option))
  expect(others).toEqual(['instance.process_id'])
})

function leavesOf(value: unknown, inside = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [inside]
  const entries = Object.entries(value)
  const isValue = Array.isArray(value) && inside !== 'appManager.array.apps'
  if (entries.length === 0 || isValue) return [inside]
  return entries.flatMap(([key, inner]) =>
    leavesOf(inner, inside === '' ? key : `${inside}.${key}`),
  )
}
