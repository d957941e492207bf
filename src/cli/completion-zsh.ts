import type { CompletedOption, Place, Values } from './completion-tree.ts'

/** Completion for zsh, with what each thing does. */
export const zshScript = (places: readonly Place[]): string => `#compdef resound
_resound() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} resound_path= i
  for ((i = 2; i < CURRENT; i++)); do
    case "\${resound_path:+$resound_path }\${words[i]}" in
${places.flatMap(({ path }) => (path === '' ? [] : [`      '${path}') resound_path='${path}' ;;\n`])).join('')}    esac
  done
  local -a found
  case "$resound_path $prev" in
${places.flatMap((place) => place.options.flatMap((option) => valueCase(place, option))).join('')}  esac
  case "$resound_path" in
${places.map(placeCase).join('')}  esac
}
_resound_names() {
  found=(\${(f)"$(\${words[1]} __complete $1 "$cur" -- "\${(@)words[2,-1]}" 2>/dev/null)"})
  compadd -- $found
}
if [[ $funcstack[1] == _resound ]]; then _resound "$@"; else compdef _resound resound; fi
`

function valueCase({ path }: Place, { flags, values }: CompletedOption): readonly string[] {
  if (values === undefined) return []
  const patterns = flags.map((flag) => `'${path} ${flag}'`).join('|')
  return [`    ${patterns}) ${valuesCall(values)}; return ;;\n`]
}

function valuesCall(values: Values): string {
  if (values === 'anything') return ':'
  if (values === 'files') return '_files'
  if (values === 'directories') return '_files -/'
  return typeof values === 'string' ? `_resound_names ${values}` : `compadd -- ${values.join(' ')}`
}

function placeCase({ path, subcommands, options, argument }: Place): string {
  const flags = options.flatMap((option) =>
    option.flags.map((flag) => described(flag, option.description)),
  )
  const names = subcommands.map(({ name, summary }) => described(name, summary))
  const rest =
    argument === undefined
      ? `found=(${names.join(' ')}); _describe command found`
      : valuesCall(argument)
  return `    '${path}') if [[ $cur == -* ]]; then found=(${flags.join(' ')}); _describe option found; else ${rest}; fi ;;\n`
}

/** As `_describe` takes it: a colon parts the two. */
const described = (name: string, text: string): string =>
  `'${name.replaceAll(':', '\\:')}:${text.replaceAll("'", `'\\''`)}'`
