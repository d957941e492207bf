/**
 * What can follow what on a command line, out of the commands themselves: for the shells' completion.
 */
import type { Command, Option } from 'commander'

/** What a value is completed with: given words, files, or names that a running server is asked for. */
export type Values = readonly string[] | 'files' | 'directories' | 'apps' | 'channels' | 'anything'

export interface CompletedOption {
  readonly flags: readonly string[]
  readonly description: string
  /** Undefined for one that takes no value. */
  readonly values: Values | undefined
}

export interface Place {
  /** The words before, without options: `config check`. Empty for `resound` alone. */
  readonly path: string
  readonly subcommands: readonly { readonly name: string; readonly summary: string }[]
  readonly options: readonly CompletedOption[]
  /** Of its first argument. */
  readonly argument: Values | undefined
}

/** Every place, the first one first. */
export function places(command: Command, words: readonly string[] = []): readonly Place[] {
  const help = command.createHelp()
  const subcommands = help.visibleCommands(command)
  const global = words.length === 0 ? [] : help.visibleGlobalOptions(command)
  const [argument] = command.registeredArguments
  return [
    {
      path: words.join(' '),
      subcommands: subcommands.map((sub) => ({ name: sub.name(), summary: sub.summary() })),
      options: [...help.visibleOptions(command), ...global].map(completed),
      argument:
        argument === undefined ? undefined : (argument.argChoices ?? valuesOf(argument.name())),
    },
    ...subcommands.flatMap((sub) => places(sub, [...words, sub.name()])),
  ]
}

function completed({ short, long, flags, description, required, optional, argChoices }: Option) {
  const takesValue = required || optional
  const value = /[<[]([\w-]+)/.exec(flags)?.[1] ?? ''
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    values: takesValue ? (argChoices ?? ofOption(long ?? '') ?? valuesOf(value)) : undefined,
  }
}

const ofOption = (long: string): Values | undefined =>
  (({ '--app': 'apps', '--app-id': 'apps', '--channel': 'channels' }) as const)[long]

/** By what a value is called: the same word stands for the same thing everywhere. */
function valuesOf(name: string): Values {
  if (name === 'file') return 'files'
  if (name === 'dir') return 'directories'
  return name === 'channel' || name === 'pattern' ? 'channels' : 'anything'
}
