/**
 * `resound diagnose`: why it does not work, and what to do about it.
 *
 * Ends as a Nagios plugin does, wrong usage included: 0 ok, 1 warning, 2 critical, 3 unknown.
 */
import { existsSync, readFileSync } from 'node:fs'
import { nearest } from '../config/nearest.ts'
import { AREAS, type Check } from '../diagnose/check.ts'
import { CHECKS } from '../diagnose/checks.ts'
import { type Choice, choose, exitCodeOf, firstBroken, runChecks } from '../diagnose/run.ts'
import { Scene, type SceneOptions } from '../diagnose/scene.ts'
import { writeBundle } from './bundle.ts'
import { endText, listText, resultText } from './diagnose-text.ts'
import { DiagnoseDocument, type DiagnoseListDocument } from './documents/diagnose.ts'
import { type ColourChoice, EXIT, print } from './output.ts'
import { terminal } from './terminal.ts'

export interface DiagnoseOptions extends SceneOptions {
  readonly json?: boolean
  readonly list?: boolean
  readonly idle?: string
  /** A file to write; there must be none yet. */
  readonly bundle?: string
  /** Ids and areas, with commas. */
  readonly only?: string
  readonly skip?: string
}

const MOST_IDLE_SECONDS = 600

/** @returns the exit code */
export async function diagnose(options: DiagnoseOptions, colour: ColourChoice): Promise<number> {
  const { json = false, list = false, only, skip, idle, bundle, ...given } = options
  const choice: Choice = { ...listed('only', only), ...listed('skip', skip) }
  const problem = unknownNames([...(choice.only ?? []), ...(choice.skip ?? [])])
  if (problem !== undefined) return wrongUsage(problem)
  if (list) return showList(choose(CHECKS, choice), json)
  const idleSeconds = Number(idle ?? 0)
  if (!(idleSeconds >= 0 && idleSeconds <= MOST_IDLE_SECONDS)) {
    return wrongUsage(`--idle is a number of seconds, at most ${MOST_IDLE_SECONDS}`)
  }
  const secrets = readSecrets(given)
  if (typeof secrets === 'string') return wrongUsage(secrets)
  if (bundle !== undefined && existsSync(bundle)) return wrongUsage(`${bundle} is there already`)
  using scene = new Scene({ ...given, ...secrets, idleSeconds })
  const shown = terminal(process.stdout, colour)
  const results = await runChecks(CHECKS, scene, choice, (result) => {
    const text = json ? undefined : resultText(result, shown)
    if (text !== undefined) print(text)
  })
  const exit = exitCodeOf(results)
  const document = DiagnoseDocument.parse({
    schema: 'resound.diagnose/1',
    exit,
    firstBroken: firstBroken(results)?.id ?? null,
    results,
  })
  print(json ? JSON.stringify(document, null, 2) : endText(results, shown))
  return bundle === undefined ? exit : withBundle(bundle, document, scene)
}

/** @returns the exit code of the diagnosis, where it could be written */
async function withBundle(file: string, document: DiagnoseDocument, scene: Scene): Promise<number> {
  try {
    await writeBundle(file, document, scene)
  } catch (error) {
    return wrongUsage(`${file} cannot be written: ${(error as Error).message}`)
  }
  process.stderr.write(`Written: ${file}\n`)
  return document.exit
}

function showList(checks: readonly Check<Scene>[], json: boolean): number {
  if (json) {
    const document: DiagnoseListDocument = {
      schema: 'resound.diagnose.list/1',
      checks: checks.map(({ id, area, question, needs = [] }) => ({
        id,
        area,
        question,
        needs: [...needs],
      })),
    }
    print(JSON.stringify(document, null, 2))
  } else {
    print(listText(checks))
  }
  return 0
}

function listed(name: 'only' | 'skip', value: string | undefined): Choice {
  if (value === undefined) return {}
  return { [name]: value.split(',').flatMap((part) => part.trim() || []) }
}

/** What is wrong with names of checks, if anything. */
function unknownNames(names: readonly string[]): string | undefined {
  const known = [...AREAS, ...CHECKS.map(({ id }) => id)]
  const unknown = names.find((name) => !known.includes(name as (typeof known)[number]))
  if (unknown === undefined) return undefined
  const meant = nearest(unknown, known)
  const suggestion = meant === undefined ? '' : `; did you mean ${meant}?`
  return `there is no check or area ${unknown}${suggestion} (see diagnose --list)`
}

const SECRETS = ['cookie', 'token', 'login'] as const

/** Those options that are `@FILE`, read from there: a command line is for all to see. */
function readSecrets(options: SceneOptions): Partial<SceneOptions> | string {
  const read: Record<string, string> = {}
  for (const name of SECRETS) {
    const value = options[name]
    if (!value?.startsWith('@')) continue
    try {
      read[name] = readFileSync(value.slice(1), 'utf8').trim()
    } catch (error) {
      return `--${name}: ${(error as Error).message}`
    }
  }
  return read
}

function wrongUsage(problem: string): number {
  process.stderr.write(`resound: ${problem}\n`)
  return EXIT.UNKNOWN
}
