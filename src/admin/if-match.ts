import { InputError } from '../errors.ts'

const TAG = /^(?:W\/)?"[\x21\x23-\x7e]*"$/

/**
 * Reads If-Match (RFC 9110 section 13.1.1), whose tags are revisions.
 *
 * @returns the revision that must be stored, or undefined for any; -1 when no revision can match
 * @throws InputError when it is not a list of tags
 */
export function revisionOf(ifMatch: string | undefined, currentRevision: number): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined
  const tags = ifMatch.split(',').map((tag) => tag.trim())
  for (const tag of tags)
    if (!TAG.test(tag)) throw new InputError('If-Match', ifMatch, '"<revision>" with the quotes, or *')
  // A weak tag never matches here.
  const revisions = tags.flatMap((tag) =>
    /^"(?:0|[1-9]\d{0,14})"$/.test(tag) ? [Number(tag.slice(1, -1))] : []
  )
  return revisions.includes(currentRevision) ? currentRevision : (revisions[0] ?? -1)
}
