import { flagOf } from '../config/option.ts'
import { choicesOf, firstWords, groups, type Hint, hintOf } from './completion-hints.ts'
import type { Flag, Verb } from './verb.ts'

/** A script for fish (its manual, section "Writing your own completions"). */
export function fishCompletion(verbs: readonly Verb[]): string {
  const lines = ['# fish completion for intermission', 'complete -c intermission -f']
  for (const { name, summary } of firstWords(verbs)) {
    lines.push(`complete -c intermission -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`)
  }
  for (const { name, below } of groups(verbs)) {
    const names = below.map((one) => one.name).join(' ')
    const when = quoted(`${seen(name)}; and not ${seen(names)}`)
    for (const one of below)
      lines.push(`complete -c intermission -n ${when} -a ${one.name} -d ${quoted(one.verb.summary)}`)
  }
  for (const verb of verbs) {
    const when = quoted(verb.name.split(' ').map(seen).join('; and '))
    for (const choice of choicesOf(verb)) lines.push(`complete -c intermission -n ${when} -a ${choice}`)
    for (const flag of verb.flags) lines.push(`complete -c intermission -n ${when} ${option(flag)}`)
    lines.push(`complete -c intermission -n ${when} -l help -d 'how to use it'`)
  }
  return `${lines.join('\n')}\n`
}

function seen(names: string): string {
  return `__fish_seen_subcommand_from ${names}`
}

function option(flag: Flag): string {
  const name = `-l ${flagOf(flag.name).slice(2)} -d ${quoted(flag.description)}`
  return flag.metavar === null ? name : `${name} -x${action(hintOf(flag))}`
}

function action(hint: Hint): string {
  if (typeof hint === 'object') return ` -a ${quoted(hint.words.join(' '))}`
  if (hint === 'file') return " -a '(__fish_complete_path)'"
  return hint === 'folder' ? " -a '(__fish_complete_directories)'" : ''
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
