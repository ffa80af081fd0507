/**
 * Chooses among languages by what a client asks for.
 *
 * @param tags languages there are, lower case; the empty one stands for a page that does not name its language
 * @param ranges what the client asks for, best first
 * @param usual the language that the page without a name says it is in
 * @returns one of the tags; undefined when none fits
 */
export function chooseLanguage(
  tags: Iterable<string>,
  ranges: readonly string[],
  usual: string | null
): string | undefined {
  const all = [...tags]
  const fits = (language: string | null, range: string): boolean =>
    language === range || language?.startsWith(`${range}-`) === true
  for (const range of ranges) {
    const found = all.find((tag) => tag !== '' && fits(tag, range))
    if (found !== undefined) return found
    // The page without a language in its name may well be in the language that this client likes better.
    if (all.includes('') && fits(usual, range)) return ''
  }
  return all.includes('') ? '' : undefined
}
