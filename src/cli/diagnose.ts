/**
 * `resound diagnose`: why it does not work, and what to do about it.
 *
 * Ends as a Nagios plugin does, wrong usage included: 0 ok, 1 warning, 2 critical, 3 unknown.
 */
import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { nearest } from '../config/nearest.ts'
import { AREAS, type Check } from '../diagnose/check.ts'
import { CHECKS } from '../diagnose/checks.ts'
import { type Choice, choose, exitCodeOf, firstBroken, runChecks } from '../diagnose/run.ts'
import { Scene, type SceneOptions } from '../diagnose/scene.ts'
import { writeBundle } from './bundle.ts'
import { wrongArgument } from './diagnose-arguments.ts'
import { endText, listText, resultText } from './diagnose-text.ts'
import { DiagnoseDocument, type DiagnoseListDocument } from './documents/diagnose.ts'
import { type ColourChoice, EXIT, print } from './output.ts'
import { colourOf, type Ended, withServer } from './target-options.ts'
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

/** @returns the exit code */
export async function diagnose(options: DiagnoseOptions, colour: ColourChoice): Promise<number> {
  const { json = false, list = false, only, skip, idle, bundle, ...given } = options
  const choice: Choice = { ...listed('only', only), ...listed('skip', skip) }
  const problem = unknownNames([...(choice.only ?? []), ...(choice.skip ?? [])])
  if (problem !== undefined) return wrongUsage(problem)
  if (list) return showList(choose(CHECKS, choice), json)
  const wrong = wrongArgument(options)
  if (wrong !== undefined) return wrongUsage(wrong)
  const idleSeconds = Number(idle ?? 0)
  const secrets = readSecrets(given)
  if (typeof secrets === 'string') return wrongUsage(secrets)
  if (bundle !== undefined && existsSync(bundle)) return wrongUsage(`${bundle} is there already`)
  using scene = await Scene.find({ ...given, ...secrets, idleSeconds })
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

const DIAGNOSE_HELP = `
Goes the way that a message goes and names the first broken link, with what was
seen, why, and the fix to paste. Changes nothing. With --laravel, that app and
its pages are looked at as well; the server is found as by resound status.
Ends as a Nagios plugin: 0 ok, 1 warning, 2 critical, 3 unknown or wrong usage.`

/** Adds the command. */
export function diagnoseCommand(program: Command, ended: Ended): void {
  withServer(program.command('diagnose'))
    .summary('find out why it does not work')
    .description('Finds out why it does not work, from the configuration to the browser')
    .option('--url <url>', 'where browsers connect, ws(s):// or http(s)://')
    .option('--channel <name>', 'the channel that does not work')
    .option('--cookie <header>', "of a browser's session in the app, or @FILE")
    .option('--token <token>', 'bearer token for the app, or @FILE')
    .option('--login <user>', 'EMAIL:PASSWORD of a user of the app, or @FILE')
    .option('--origin <origin>', "of the app's pages, where it is not that of APP_URL")
    .option('--ca <file>', 'PEM of an authority that browsers trust here as well')
    .option('--idle <seconds>', 'watch a silent WebSocket for so long, at most 600')
    .option('--bundle <file>', 'write an archive for support, without a secret in it')
    .option('--event-bytes <number>', "data of the app's largest event, in bytes")
    .option('--as-user <id>', 'a user of the app, asked for in PHP without a login')
    .option('--auth-url <url>', 'where pages ask who may subscribe')
    .option('--only <ids>', 'checks or areas, with commas, and what they need')
    .option('--skip <ids>', 'without these checks or areas')
    .option('--list', 'say which checks there are')
    .addHelpText('after', DIAGNOSE_HELP)
    .action(async (options: DiagnoseOptions) => {
      ended(await diagnose(options, colourOf(program)))
    })
}
