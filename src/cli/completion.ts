import { bashCompletion } from './completion-bash.ts'
import { fishCompletion } from './completion-fish.ts'
import { zshCompletion } from './completion-zsh.ts'
import { EXIT } from './exit-codes.ts'
import type { RunVerb, Verb } from './verb.ts'

const SCRIPTS: Record<string, (verbs: readonly Verb[]) => string> = {
  bash: bashCompletion,
  fish: fishCompletion,
  zsh: zshCompletion
}

/** @param verbs all there are, this one included: their table imports this file */
export function completionOf(verbs: readonly Verb[]): RunVerb {
  return async (_flags, io, [shell = '']) => {
    io.out(SCRIPTS[shell]!(verbs).trimEnd())
    return EXIT.ok
  }
}
