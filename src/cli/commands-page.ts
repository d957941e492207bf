/**
 * docs/cli.md: every command with its arguments, options and exit codes, out of the commands themselves.
 */
import type { Argument, Command, Option } from 'commander'
import { documentOf, schemaFile } from './documents/all.ts'
import { EXIT } from './output.ts'

/** Commands whose exit codes are a Nagios plugin's, for wrong usage as well. */
export const AS_NAGIOS: readonly string[] = ['diagnose', 'health']

const INTRODUCTION = `# Commands

<!-- Written by \`resound config docs --page cli\`. -->

\`resound\` is \`node dist/bin/resound.js\` in a clone of this repository. Every command takes \`--help\`, and
\`--color auto|always|never\` before or after its name: \`auto\` colours on a terminal, unless \`NO_COLOR\` is set.
Data goes to standard output, everything else to standard error. On a terminal what is too long for it is
shortened, in a pipe nothing is. Where the locale (\`LC_ALL\`, \`LC_CTYPE\`, \`LANG\`) is not UTF-8, nothing but
ASCII is printed. With \`--json\` a command prints a document whose schema is named below; fields are added to
it, never renamed.

A command that asks a running server finds it by what it was started with: [processes.md](processes.md).

| exit code | meaning |
| --- | --- |
| ${EXIT.DONE} | done |
| ${EXIT.FAILED} | failed, or refused by the server |
| ${EXIT.WRONG_USAGE} | wrong usage |
| ${EXIT.UNREACHABLE} | no server answers |
| ${EXIT.BAD_CONFIGURATION} | the configuration is refused |
| ${EXIT.INTERRUPTED} | interrupted |

${AS_NAGIOS.map((name) => `\`${name}\``).join(' and ')} end as a Nagios plugin does: 0 ok, 1 warning, 2 critical, 3 unknown or wrong usage.
`

export function commandsPage(program: Command): string {
  return [INTRODUCTION, ...[...leaves(program)].map(section)].join('\n')
}

interface Leaf {
  readonly command: Command
  /** After `resound`. */
  readonly words: readonly string[]
}

/** The commands that do something, in their order; hidden ones are nobody's to use. */
export function* leaves(command: Command, words: readonly string[] = []): Generator<Leaf> {
  const subcommands = command.createHelp().visibleCommands(command)
  if (subcommands.length === 0) yield { command, words }
  for (const sub of subcommands) yield* leaves(sub, [...words, sub.name()])
}

function section({ command, words }: Leaf): string {
  const args = command.registeredArguments.map((argument) => ` ${named(argument)}`).join('')
  const options = command.createHelp().visibleOptions(command)
  const own = options.filter(({ long }) => long !== '--help')
  const rows = [
    ...command.registeredArguments.map((argument) => [named(argument), argument.description]),
    ...own.map((option) => [option.flags, meaning(option)]),
  ].map(([name = '', text = '']) => `| \`${cell(name)}\` | ${cell(text)} |\n`)
  const json = own.some(({ long }) => long === '--json')
  return [
    `## resound ${words.join(' ')}\n`,
    `\`resound ${words.join(' ')}${args}${own.length > 0 ? ' [options]' : ''}\`: ${lowered(command.description())}.\n`,
    ...(rows.length === 0 ? [] : [`| option | meaning |\n| --- | --- |\n${rows.join('')}`]),
    ...(json ? [`Document: [schema](schemas/${schemaFile(documentOf(words))}).\n`] : []),
  ].join('\n')
}

const named = (argument: Argument): string =>
  argument.required ? `<${argument.name()}>` : `[${argument.name()}]`

function meaning({ description, argChoices, defaultValue }: Option): string {
  const choices =
    argChoices === undefined ? '' : `: ${argChoices.map((one) => `\`${one}\``).join(', ')}`
  const usual = defaultValue === undefined ? '' : ` (\`${String(defaultValue)}\` by default)`
  return `${description}${choices}${usual}`
}

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

/** Text that stays in its cell of a Markdown table. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('*', '\\*')
