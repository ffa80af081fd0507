import { IntermissionError, quote } from '../errors.ts'

/** One thing that is wrong with what we were told. */
export interface ConfigProblem {
  /** The key, variable or flag as its giver spells it: `connectTimeout`, `INTERMISSION_CONNECT_TIMEOUT`, `--connect-timeout`. */
  name: string
  /** `file:line:column`; null for a flag or a variable, whose name says where it is. */
  place: string | null
  /** One sentence: the value, and what is allowed. */
  text: string
}

/** The configuration is refused; `problems` holds everything that is wrong with it, the message all of it in lines. */
export class ConfigError extends IntermissionError {
  readonly problems: readonly ConfigProblem[]

  constructor(unsorted: readonly ConfigProblem[]) {
    const problems = [...unsorted].sort((one, other) => order(one) - order(other))
    super('ERR_CONFIG_INVALID', problems.map(problemLine).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** `file:line:column: key: text`. */
export function problemLine({ name, place, text }: ConfigProblem): string {
  return `${place === null ? '' : `${place}: `}${name}: ${text}`
}

/** The sentence of a refused value. A secret is never repeated. */
export function refusal(value: unknown, allowed: string, secret = false): string {
  return `${secret ? 'this value' : quote(value)} is not allowed; expected ${allowed}`
}

// The file from top to bottom, then the rest as found.
function order({ place }: ConfigProblem): number {
  const [, line, column] = /:(\d+):(\d+)$/.exec(place ?? '') ?? []
  return line === undefined ? Number.MAX_SAFE_INTEGER : Number(line) * 1_000_000 + Number(column)
}
