/**
 * `resound completion`: what makes a shell complete commands, options, and the names of live channels and
 * apps; and the hidden command by which it asks for those.
 */
import { Argument, type Command } from 'commander'
import { z } from 'zod'
import { loadConfig } from '../config/load.ts'
import { RunningServer, type Target } from './admin.ts'
import { bashScript } from './completion-bash.ts'
import { fishScript } from './completion-fish.ts'
import { places } from './completion-tree.ts'
import { zshScript } from './completion-zsh.ts'
import { EXIT } from './output.ts'
import type { Ended } from './target-options.ts'

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const

/** The hidden command that a shell calls. */
export const COMPLETE_COMMAND = '__complete'

/** Whoever types does not wait. */
const MILLISECONDS = 1000
const MOST_NAMES = 200

/** Names with other characters would have to be quoted, by each shell in its way. */
const PLAIN = /^[-\w.,@=]+$/

const HELP = `
  bash  resound completion bash > a file resound in
        ~/.local/share/bash-completion/completions
  zsh   resound completion zsh > a file _resound in a directory of $fpath
  fish  resound completion fish > ~/.config/fish/completions/resound.fish

Names of channels and apps are those of the running server that the line names,
and are left out when it does not answer within ${MILLISECONDS} ms.`

/** Adds both. */
export function completionCommands(
  program: Command,
  ended: Ended,
  whole: () => Promise<Command>,
): void {
  program
    .command('completion')
    .summary('print what completes commands in a shell')
    .description('Prints a script that has a shell complete commands, options and names')
    .addArgument(new Argument('<shell>', 'for which').choices(Object.keys(SHELLS)))
    .addHelpText('after', HELP)
    .action(async (shell: keyof typeof SHELLS) => {
      process.stdout.write(SHELLS[shell](places(await whole())))
      ended(EXIT.DONE)
    })
  program
    .command(COMPLETE_COMMAND, { hidden: true })
    .argument('<kind>')
    .argument('[start]')
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (kind: string, start = '', words: readonly string[] = []) => {
      for (const name of await names(kind, start, words)) process.stdout.write(`${name}\n`)
      ended(EXIT.DONE)
    })
}

/** Names that begin like this; none when anything goes wrong: nobody reads an error while typing. */
async function names(kind: string, start: string, words: readonly string[]) {
  const target = targetIn(words)
  const late = new Promise<readonly string[]>((resolve) => {
    setTimeout(() => resolve([]), MILLISECONDS).unref()
  })
  const found = (kind === 'apps' ? apps(target) : channels(target, start)).catch(() => [])
  const all = await Promise.race([found, late])
  return [...new Set(all)].filter((name) => name.startsWith(start) && PLAIN.test(name))
}

const Channels = z.object({ channels: z.array(z.object({ app: z.string(), name: z.string() })) })

async function channels({ app, ...target }: Named, prefix: string): Promise<readonly string[]> {
  return (await listed(target, { prefix, ...(app === undefined ? {} : { app }) })).map(
    ({ name }) => name,
  )
}

/** Those of the configuration, and those whose channels are live: a table may have more. */
async function apps({ app: _, ...target }: Named): Promise<readonly string[]> {
  const configured = loadConfig({ flags: target }).config.apps.map(({ id }) => id)
  const live = await listed(target, {}).catch(() => [])
  return [...configured, ...live.map(({ app }) => app)]
}

async function listed(target: Target, query: Readonly<Record<string, string>>) {
  const server = await RunningServer.find(target, MILLISECONDS)
  const text = new URLSearchParams({ ...query, limit: String(MOST_NAMES) })
  const answer = await server.ask('GET', `/channels?${text}`, MILLISECONDS)
  return Channels.parse(answer).channels
}

interface Named extends Target {
  readonly app?: string
}

const NAMING = {
  '--config': 'config',
  '--laravel': 'laravel',
  '--admin-url': 'adminUrl',
  '--app': 'app',
}

/** Which server a command line is about. */
function targetIn(words: readonly string[]): Named {
  const named = Object.entries(NAMING).flatMap(([flag, name]) => {
    const at = words.lastIndexOf(flag)
    const joined = words.findLast((word) => word.startsWith(`${flag}=`))
    const value = at === -1 ? joined?.slice(flag.length + 1) : words[at + 1]
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(named)
}
