import type { GivenFlags } from '../config/flags.ts'

/** What a verb talks to. Answers go out, everything else goes to err. */
export interface Io {
  out: (line: string) => void
  err: (line: string) => void
  env: NodeJS.ProcessEnv
  /** Whether out is a terminal that wants colours. */
  color: boolean
  /** Whether out is a terminal at all. */
  isTerminal: boolean
  /** Replaces the line of progress beside the answers; an empty one takes it away. Null where nobody is looking. */
  progress: ((line: string) => void) | null
}

/** Does the verb; resolves with the exit code, or rejects with an error that has one. */
export type RunVerb = (flags: GivenFlags, io: Io, words: readonly string[]) => Promise<number>

/** A word that must follow the verb, such as the ID of what is to be removed. */
export interface Word {
  /** What stands for it in the help, such as `ID`. */
  name: string
  description: string
  /** All that it may be. Default: anything. */
  choices?: readonly string[]
}

/** A flag of one verb: `name` is what the verb reads it by, and the flag follows from it. */
export interface Flag {
  name: string
  /** What stands for the value; null for a switch. */
  metavar: string | null
  description: string
  /** All values that there are, where the placeholder does not list them. */
  values?: readonly string[]
  /** Said in the help; the verb itself applies it. */
  defaultText?: string
  /** Variable that gives it too. */
  env?: string
}

export interface Verb {
  /** One word, or two: `schedule add` is `add` below `schedule`. */
  name: string
  summary: string
  /** Default: none. */
  words?: readonly Word[]
  flags: readonly Flag[]
  /** Loads the verb itself, so that a client verb does not load the server. */
  load: () => Promise<{ run: RunVerb }>
}
