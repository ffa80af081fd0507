import { HIDDEN, InputError } from '../errors.ts'

// Nothing here is nested deeper than this, and what is nested very deep cannot be shown in an error.
const DEEPEST = 32
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs

/**
 * Reads a body that must be one JSON object. An empty body is an empty object.
 *
 * @throws InputError for anything else, and for a field that is there twice: which of the two counts is a guess
 */
export function parseStrictObject(body: Buffer): Record<string, unknown> {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    if (text === '') return {}
    value = JSON.parse(text)
  } catch (cause) {
    throw new InputError('body', HIDDEN, 'a JSON object in UTF-8', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError('body', HIDDEN, 'a JSON object')
  }
  const fields = fieldNames(text)
  const twice = fields.find((field, index) => fields.indexOf(field) !== index)
  if (twice !== undefined) throw new InputError(twice, 'two values', 'each field once')
  return value as Record<string, unknown>
}

// The text is known to be JSON: a string directly in the outer object with a colon after it is a field.
function fieldNames(text: string): string[] {
  const names: string[] = []
  let depth = 0
  let last = ''
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') depth++
    if (depth > DEEPEST) throw new InputError('body', HIDDEN, `at most ${DEEPEST} levels of nesting`)
    if (token === '}' || token === ']') depth--
    else if (token === ':' && depth === 1) names.push(JSON.parse(last) as string)
    last = token
  }
  return names
}

/**
 * The body of a request, which may have these fields only.
 *
 * @throws InputError that names the first other one
 */
export function checkBodyFields(body: unknown, fields: readonly string[]): Record<string, unknown> {
  const given = (body ?? {}) as Record<string, unknown>
  for (const [field, value] of Object.entries(given)) {
    if (fields.includes(field)) continue
    const allowed = fields.length === 0 ? 'no field at all' : `one of the fields ${fields.join(', ')}`
    throw new InputError(field, value, allowed)
  }
  return given
}
