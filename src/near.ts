/**
 * The candidate that somebody probably meant, or undefined. Case, dashes and underscores do not count, so that
 * `connect-timeout` finds `connectTimeout`.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = fold(word)
  const far = Math.max(1, Math.floor(wanted.length / 3)) + 1
  let best: string | undefined
  let least = far
  for (const candidate of candidates) {
    const steps = distance(wanted, fold(candidate), far)
    if (steps < least) [best, least] = [candidate, steps]
  }
  return best
}

/**
 * `did you mean X?`, or what there is to choose from.
 *
 * @param show how a candidate is spelled where the word was found
 */
export function suggestion(
  word: string,
  candidates: readonly string[],
  show = (candidate: string): string => candidate
): string {
  const meant = nearest(word, candidates)
  return meant === undefined
    ? `expected one of ${candidates.map(show).join(', ')}`
    : `did you mean ${show(meant)}?`
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '')
}

// Optimal string alignment: a slip of the finger that swaps two letters counts once.
function distance(a: string, b: string, far: number): number {
  if (Math.abs(a.length - b.length) >= far) return far
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let steps = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) steps = Math.min(steps, rows[i - 2]![j - 2]! + 1)
      row.push(steps)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
