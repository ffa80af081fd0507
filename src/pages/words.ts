import { KINDS } from './kinds.ts'

/** The words of one language. In each `{{name}}` is the name of the site. */
export type Words = Readonly<Record<string, string>>

/** The keys besides `unreachable.heading`, `unreachable.text` and so on for every kind of page. */
export const COMMON_WORDS = [
  'direction',
  'thisSite',
  'expected',
  'anyMoment',
  'watching',
  'returning',
  'offline',
  'tryAgain',
  'notSentHeading',
  'notSentText',
  'worksNotSent',
  'maybeSentHeading',
  'maybeSentText',
  'worksMaybeSent',
  'watchingForm',
  'backToForm',
  'backButton',
  'support'
] as const

/** Every key that a file of words may have. */
export const WORD_KEYS: readonly string[] = [
  ...COMMON_WORDS,
  ...KINDS.flatMap(({ name }) => [`${name}.heading`, `${name}.text`])
]

// RFC 5646, as far as file names need it: a language, and perhaps a script or a region.
const WORDS_FILE = /^words\.([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)\.json$/

/** The language of a file of words, lower case; undefined when it is none. */
export function wordsLanguage(file: string): string | undefined {
  return WORDS_FILE.exec(file)?.[1]?.toLowerCase()
}

/**
 * Reads a file of words. Keys that begin with `//` are comments; unknown ones are problems.
 *
 * @param bytes the file, one character a byte
 * @throws Error that says what is wrong
 */
export function parseWords(bytes: string): { words: Words; problems: string[] } {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(bytes, 'latin1').toString('utf8'))
  } catch (error) {
    throw new Error(`is no JSON: ${(error as Error).message}`, { cause: error })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error('is no JSON object of texts')
  }
  const words: Record<string, string> = {}
  const problems: string[] = []
  for (const [key, text] of Object.entries(parsed)) {
    if (key.startsWith('//')) continue
    if (typeof text !== 'string' || text === '') throw new Error(`${key} is no text`)
    if (WORD_KEYS.includes(key)) words[key] = text
    else problems.push(`unknown key ${key}`)
  }
  return { words, problems }
}
