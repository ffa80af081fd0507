import { flagOf } from '../config/option.ts'
import { choicesOf, firstWords, groups, type Hint, hintOf } from './completion-hints.ts'
import type { Flag, Verb } from './verb.ts'

/** A script to source, or to put as \`_intermission\` into a folder of \`fpath\` (zshcompsys(1)). */
export function zshCompletion(verbs: readonly Verb[]): string {
  return `#compdef intermission
# zsh completion for intermission
_intermission() {
  local verb=$words[2]
  local -a names
  if (( CURRENT == 2 )); then
    names=(${described(firstWords(verbs))})
    _describe -t verbs verb names
    return
  fi
  case $verb:$words[3] in
${groups(verbs).map(groupCase).join('')}  esac
  shift words
  (( CURRENT-- ))
  case $verb in
${verbs.map(verbCase).join('')}  esac
}
if [[ $funcstack[1] == _intermission ]]; then
  _intermission "$@"
else
  compdef _intermission intermission
fi
`
}

function groupCase({ name, below }: ReturnType<typeof groups>[number]): string {
  const known = below.map((one) => `${name}:${one.name}`).join('|')
  const names = below.map((one) => ({ name: one.name, summary: one.verb.summary }))
  return `    (${known})
      if (( CURRENT > 3 )); then verb="$verb $words[3]"; shift words; (( CURRENT-- )); fi ;|
    (${name}:*)
      if (( CURRENT == 3 )) && [[ $words[3] != -* ]]; then
        names=(${described(names)})
        _describe -t verbs verb names
        return
      fi ;;
`
}

function verbCase(verb: Verb): string {
  const choices = choicesOf(verb)
  const specs = verb.flags.map(spec)
  for (const { name } of (verb.words ?? []).slice(0, 1))
    specs.push(quoted(`1:${name}:(${choices.join(' ')})`))
  return `    ('${verb.name}')\n      _arguments \\\n        ${[...specs, quoted('--help[how to use it]')].join(' \\\n        ')} ;;\n`
}

function spec(flag: Flag): string {
  const name = flagOf(flag.name)
  const said = flag.description.replace(/[\\[\]:]/g, '\\$&')
  if (flag.metavar === null) return quoted(`${name}[${said}]`)
  return quoted(`*${name}=[${said}]:${flag.metavar.replaceAll(':', '\\:')}:${action(hintOf(flag))}`)
}

function action(hint: Hint): string {
  if (typeof hint === 'object') return `(${hint.words.join(' ')})`
  return hint === 'file' ? '_files' : hint === 'folder' ? '_files -/' : ''
}

function described(names: { name: string; summary: string }[]): string {
  return names.map(({ name, summary }) => quoted(`${name}:${summary.replaceAll(':', '\\:')}`)).join(' ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
