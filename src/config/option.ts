import type { OptionValues } from './settings.ts'

/** What a reader may need besides the text itself. */
export interface ReadContext {
  /** Folder that relative paths start from: of the file that names them, else the working directory. */
  baseDir: string
  /** The state folder, known before any other option is read. */
  stateDir: string
  env: NodeJS.ProcessEnv
}

/** How one option is spelled, read, described and defaulted: the only place that knows. */
export interface OptionSpec<T> {
  /** Key in the file. Flag and variable follow from it. */
  name: string
  /** What stands for the value in the help; null for a switch, whose flag takes none. */
  metavar: string | null
  description: string
  /** All values that there are, where the placeholder does not list them. */
  values?: readonly string[]
  /** The default in words, for help and README. */
  defaultText: string
  /** May be given several times, and separated by commas; the values add up. */
  list?: boolean
  /** What a file may hold besides text: `connectTimeout: 2` is a slip, `interceptErrors: 502` is not. */
  scalar?: 'number' | 'boolean'
  /** Never shown, neither by `check` nor in an error. */
  secret?: boolean
  /** Hides what is secret in a text that is shown otherwise. */
  mask?: (text: string) => string
  /** Reads one text. Throws InputError, whose `allowed` becomes part of the message. */
  read: (text: string, context: ReadContext) => T
  /** The value when nobody gives one. */
  fallback: (context: ReadContext) => T
  /** Brings the values of a list in order, once all are read. */
  tidy?: (value: T) => T
  /** The value as the file would spell it. */
  show?: (value: T) => unknown
}

/** One row for every option: a missing or a surplus one does not compile. */
export type OptionTable = { readonly [K in keyof OptionValues]: OptionSpec<OptionValues[K]> }

export const ENV_PREFIX = 'INTERMISSION_'

/** `connectTimeout` is `--connect-timeout`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** `connectTimeout` is `INTERMISSION_CONNECT_TIMEOUT`. */
export function envOf(name: string): string {
  return ENV_PREFIX + name.replace(/[A-Z]/g, '_$&').toUpperCase()
}
