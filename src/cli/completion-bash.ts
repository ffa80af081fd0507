import { flagOf } from '../config/option.ts'
import { choicesOf, firstWords, flagsOf, groups, type Hint, hintOf } from './completion-hints.ts'
import type { Verb } from './verb.ts'

/** A script for bash 3.2 and later (GNU Bash manual, section "Programmable Completion"). */
export function bashCompletion(verbs: readonly Verb[]): string {
  return `# bash completion for intermission
# shellcheck shell=bash
_intermission() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} verb=\${COMP_WORDS[1]} at=2
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    ${offer(firstWords(verbs).map(({ name }) => name))}
    return
  fi
  case $verb:\${COMP_WORDS[2]} in
${groups(verbs).map(groupCase).join('')}  esac
  # To bash, --flag=value are three words.
  if [ "$cur" = '=' ]; then
    cur=
  elif [ "$prev" = '=' ]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case $verb:$prev in
${valueCases(verbs)}  esac
  case $verb in
${verbs.map(verbCase).join('')}  esac
}
complete -F _intermission intermission
`
}

function groupCase({ name, below }: ReturnType<typeof groups>[number]): string {
  const names = below.map((one) => one.name)
  return (
    `    ${names.map((one) => `${name}:${one}`).join('|')})\n` +
    `      if [ "$COMP_CWORD" -gt 2 ]; then verb="$verb \${COMP_WORDS[2]}" at=3; fi;;\n` +
    `    ${name}:*)\n      ${offer(names)}\n      [[ $cur == -* ]] || return;;\n`
  )
}

// All flags with the same values share one case.
function valueCases(verbs: readonly Verb[]): string {
  const cases = new Map<string, Set<string>>()
  const flags = verbs.flatMap((verb) =>
    verb.flags.map((flag) => ({ verb, flag, does: offerOf(hintOf(flag)) }))
  )
  for (const { verb, flag, does } of flags) {
    if (flag.metavar === null) continue
    const same = flags.every((other) => other.flag.name !== flag.name || other.does === does)
    const pattern = same ? `*:${flagOf(flag.name)}` : `'${verb.name}':${flagOf(flag.name)}`
    cases.set(does, (cases.get(does) ?? new Set()).add(pattern))
  }
  return [...cases]
    .map(([does, patterns]) => `    ${[...patterns].join('|')})\n      ${does}return;;\n`)
    .join('')
}

function verbCase(verb: Verb): string {
  const choices = choicesOf(verb)
  const words =
    choices.length === 0
      ? ''
      : `      if [ "$COMP_CWORD" -eq "$at" ] && [[ $cur != -* ]]; then\n        ${offer(choices)}\n        return\n      fi\n`
  return `    '${verb.name}')\n${words}      ${offer(flagsOf(verb))};;\n`
}

function offerOf(hint: Hint): string {
  if (hint === 'anything') return ''
  if (typeof hint === 'object') return `${offer(hint.words)}; `
  const kind = hint === 'file' ? '-f' : '-d'
  return `compopt -o filenames 2> /dev/null; COMPREPLY=($(compgen ${kind} -- "$cur")); `
}

function offer(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur"))`
}
