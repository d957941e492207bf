import type { CompletedOption, Place, Values } from './completion-tree.ts'

/** Completion for bash, from 4.4 on, without the bash-completion package. */
export const bashScript = (places: readonly Place[]): string => `# bash completion for resound
_resound() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path= word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "\${path:+$path }$word" in
${places.flatMap(({ path }) => (path === '' ? [] : [`      '${path}') path='${path}' ;;\n`])).join('')}    esac
  done
  COMPREPLY=()
  case "$path $prev" in
${places.flatMap((place) => place.options.flatMap((option) => valueCase(place, option))).join('')}  esac
  case "$path" in
${places.map(placeCase).join('')}  esac
}
_resound_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }
_resound_files() { compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); }
_resound_directories() { compopt -o filenames; COMPREPLY=($(compgen -d -- "$cur")); }
_resound_names() { COMPREPLY=($("\${COMP_WORDS[0]}" __complete "$1" "$cur" -- "\${COMP_WORDS[@]:1}" 2>/dev/null)); }
complete -F _resound resound
`

function valueCase({ path }: Place, { flags, values }: CompletedOption): readonly string[] {
  if (values === undefined) return []
  const patterns = flags.map((flag) => `'${path} ${flag}'`).join('|')
  return [`    ${patterns}) ${valuesCall(values)}; return ;;\n`]
}

function valuesCall(values: Values): string {
  if (values === 'anything') return ':'
  if (values === 'apps' || values === 'channels') return `_resound_names ${values}`
  return typeof values === 'string' ? `_resound_${values}` : `_resound_words '${values.join(' ')}'`
}

function placeCase({ path, subcommands, options, argument }: Place): string {
  const flags = options.flatMap((option) => option.flags).join(' ')
  const words = subcommands.map(({ name }) => name).join(' ')
  const rest = argument === undefined ? `_resound_words '${words}'` : valuesCall(argument)
  return `    '${path}') if [[ $cur == -* ]]; then _resound_words '${flags}'; else ${rest}; fi ;;\n`
}
