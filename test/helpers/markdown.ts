/** As much of Markdown as the tests of our documents need. */

export interface Block {
  /** The word after the opening fence, or nothing. */
  language: string
  code: string
  /** Marked with `<!-- runs -->` in the line above. */
  runs: boolean
}

/** The fenced code blocks, in order. */
export function blocks(text: string): Block[] {
  const found = text.matchAll(/(<!-- runs -->\n)?^```(\w*)\n([\s\S]*?)^```$/gm)
  return [...found].map(([, mark, language = '', code = '']) => ({
    language,
    code,
    runs: mark !== undefined
  }))
}

/** The one block of a language. */
export function block(text: string, language: string): string {
  const found = blocks(text).filter((one) => one.language === language)
  if (found.length !== 1) throw new Error(`${found.length} blocks of ${language || 'no language'}`)
  return found[0]!.code
}

/** The cells of the table with these column titles, without its two first lines. */
export function rows(text: string, ...titles: string[]): string[][] {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.startsWith('|') && cells(line).join('|') === titles.join('|'))
  if (start < 0) throw new Error(`no table of ${titles.join(', ')}`)
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'))
  return lines.slice(start + 2, end < 0 ? undefined : end).map(cells)
}

function cells(line: string): string[] {
  const inside = line.trim().slice(1, -1)
  return inside.split(/(?<!\\)\|/).map((cell) => cell.trim())
}
