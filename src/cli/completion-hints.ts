/** What a shell may offer while a command line is typed; all of it follows from the tables of verbs and flags. */
import { flagOf } from '../config/option.ts'
import type { Flag, Verb } from './verb.ts'

/** The values of a flag: one of these words, or a file, or a folder; nothing where only the user can know. */
export type Hint = { words: readonly string[] } | 'file' | 'folder' | 'anything'

/** Verbs below one first word: `schedule` with `add`, `list` and `remove`. */
export interface Group {
  name: string
  below: { name: string; verb: Verb }[]
}

/** What the placeholder of a flag's value says: `on|off`, `FILE`, `DIR`, or a word of the flag's own. */
export function hintOf({ metavar, values }: Flag): Hint {
  if (values !== undefined) return { words: values }
  if (metavar === 'FILE') return 'file'
  if (metavar === 'DIR') return 'folder'
  const words = (metavar ?? '').split('|').filter((word) => /^[a-z][a-z-]*$/.test(word))
  return words.length === 0 ? 'anything' : { words }
}

/** The first words of all verbs, with what the verb of that name alone does. */
export function firstWords(verbs: readonly Verb[]): { name: string; summary: string }[] {
  const found = new Map<string, string>()
  for (const { name, summary } of verbs) {
    const [first = '', below] = name.split(' ')
    if (below === undefined) found.set(first, summary)
    else if (!found.has(first)) found.set(first, namesBelow(verbs, first).join(', '))
  }
  return [...found].map(([name, summary]) => ({ name, summary }))
}

export function groups(verbs: readonly Verb[]): Group[] {
  return firstWords(verbs)
    .map(({ name }) => ({ name, below: below(verbs, name) }))
    .filter((group) => group.below.length > 0)
}

/** The words that may follow a verb, such as the shells of `completion`. */
export function choicesOf({ words = [] }: Verb): readonly string[] {
  return words[0]?.choices ?? []
}

/** `--json`, `--help`, ... */
export function flagsOf({ flags }: Verb): string[] {
  return [...flags.map(({ name }) => flagOf(name)), '--help']
}

function below(verbs: readonly Verb[], first: string): Group['below'] {
  return verbs
    .filter(({ name }) => name.startsWith(`${first} `))
    .map((verb) => ({ name: verb.name.slice(first.length + 1), verb }))
}

function namesBelow(verbs: readonly Verb[], first: string): string[] {
  return below(verbs, first).map(({ name }) => name)
}
