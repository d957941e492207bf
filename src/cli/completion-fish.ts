import type { Place, Values } from './completion-tree.ts'

/** Completion for fish, with what each thing does. */
export const fishScript = (places: readonly Place[]): string => `# fish completion for resound
function __resound_at
    set -l path
    for word in (commandline -opc)[2..-1]
        switch (string trim "$path $word")
            case ${places.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`])).join(' ')}
                set path (string trim "$path $word")
        end
    end
    test "$path" = "$argv[1]"
end
function __resound_names
    set -l words (commandline -opc)
    $words[1] __complete $argv[1] (commandline -ct) -- $words[2..-1] 2>/dev/null
end
complete -c resound -f
${places.flatMap(lines).join('\n')}
`

function lines({ path, subcommands, options, argument }: Place): readonly string[] {
  const here = `complete -c resound -n "__resound_at '${path}'"`
  return [
    ...subcommands.map(({ name, summary }) => `${here} -a ${name} -d ${quoted(summary)}`),
    ...options.map(({ flags, description, values }) => {
      const names = flags.map((flag) =>
        flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      )
      const value =
        values === undefined ? '' : `${values === 'files' ? ' -r' : ' -x'}${valuesOf(values)}`
      return `${here} ${names.join(' ')}${value} -d ${quoted(description)}`
    }),
    ...(argument === undefined ? [] : [`${here}${valuesOf(argument)}`]),
  ]
}

function valuesOf(values: Values): string {
  if (values === 'anything') return ''
  if (values === 'files') return ' -F'
  if (values === 'directories') return ` -a '(__fish_complete_directories)'`
  return typeof values === 'string'
    ? ` -a '(__resound_names ${values})'`
    : ` -a '${values.join(' ')}'`
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
