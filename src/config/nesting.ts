import { Lexer } from 'yaml'

const DEEPEST = 32

/**
 * The line at which a YAML text nests deeper than any configuration, or undefined. Asked before the text is parsed: the
 * parser calls itself for every level, and running out of stack can end the whole process.
 */
export function tooDeepAt(text: string): number | undefined {
  let line = 1
  let flow = 0
  // Levels that begin on one line, as in `- - - x`. Levels below each other are indented, and so cannot be many.
  let block = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow++
    else if (token === ']' || token === '}') flow--
    else if (token === '-' || token === '?' || token === ':') block++
    if (flow > DEEPEST || block > DEEPEST) return line
    const breaks = token.split('\n').length - 1
    if (breaks > 0) block = 0
    line += breaks
  }
  return undefined
}
