/** One path, such as `/shop`, or `/shop/*` for all that is below. */
export type PathRule = string

export const PATH_RULE_ALLOWED = 'a path such as /shop, or /shop/* for all that is below'

const LONGEST = 500
// Absolute and plain: what two readers could understand differently is no rule.
const PLAIN = /^\/[^\s?#%;\\*\p{Cc}]*$/u
const AMBIGUOUS = /\/\/|\.(?:\/|$)/

/** Whether a value can be a rule about paths. */
export function isPathRule(value: unknown): value is PathRule {
  if (typeof value !== 'string' || value.length > LONGEST) return false
  const path = value.endsWith('/*') ? value.slice(0, -1) : value
  return PLAIN.test(path) && !AMBIGUOUS.test(path)
}
