export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Median and range: `{ median, min, max }`. */
export function summary(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** How many times the reference one row is, round by round, so that what slows a whole round cancels out. */
export function ratio(row, reference, figure) {
  if (!isUsable(row) || !isUsable(reference)) return undefined
  return summary(row.rounds.map((round, i) => round[figure] / reference.rounds[i][figure]))
}

export function isUsable(row) {
  return row !== undefined && row.errors.size === 0 && row.rounds.length > 0
}
