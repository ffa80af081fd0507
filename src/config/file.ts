import { dirname, resolve } from 'node:path'
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import { quote } from '../errors.ts'
import { type FileKeys, type MapReader, readMap } from './file-map.ts'
import { readSites, SITES_KEY, type SiteInFile } from './file-sites.ts'
import type { GivenOptions } from './given.ts'
import { tooDeepAt } from './nesting.ts'
import type { ConfigProblem } from './problems.ts'
import { readUpTo } from './read-up-to.ts'

const LARGEST_FILE_BYTES = 256 * 1024
const MOST_SYNTAX_ERRORS = 10
/** For editors. */
const SCHEMA_KEY = '$schema'

/** What a file gives, and everything that is wrong with it. */
export interface FileOutcome {
  given: GivenOptions
  sites: readonly SiteInFile[]
  problems: ConfigProblem[]
}

const nothing = (problems: ConfigProblem[]): FileOutcome => ({ given: new Map(), sites: [], problems })

/**
 * Reads a YAML 1.2 or JSON file (JSON is YAML): a map of options, and below `sites` one for each site.
 *
 * @param name the file as its giver spelled it, for the places in the messages
 * @param from who gave the name: `--config` or `INTERMISSION_CONFIG`
 */
export function readConfigFile(name: string, from: string, cwd: string, keys: FileKeys): FileOutcome {
  const path = resolve(cwd, name)
  const refused = (text: string): FileOutcome => nothing([{ name: from, place: null, text }])
  let text: string
  try {
    if (name === '') return refused('"" is not allowed; expected a path')
    const bytes = readUpTo(path, LARGEST_FILE_BYTES + 1).bytes
    if (bytes.length > LARGEST_FILE_BYTES)
      return refused(`${quote(name)} is larger than ${LARGEST_FILE_BYTES / 1024} KiB`)
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return refused(`${quote(name)} is not UTF-8 text`)
    return refused(`${quote(name)} cannot be read: ${(error as Error).message}`)
  }
  return parseConfig(text, name, dirname(path), keys)
}

function parseConfig(text: string, name: string, baseDir: string, keys: FileKeys): FileOutcome {
  const deep = tooDeepAt(text)
  if (deep !== undefined)
    return nothing([{ name: 'syntax', place: `${name}:${deep}:1`, text: 'this is nested too deeply' }])
  const lines = new LineCounter()
  const placeAt = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    schema: 'core'
  })
  const complaints = [...document.errors, ...document.warnings]
  const problems = complaints.slice(0, MOST_SYNTAX_ERRORS).map(({ code, message, pos }) => ({
    name: code === 'DUPLICATE_KEY' ? (/^["']?([\w-]+)/.exec(text.slice(pos[0]))?.[1] ?? 'key') : 'syntax',
    place: placeAt(pos[0]),
    text: code === 'DUPLICATE_KEY' ? 'this key is there twice' : message
  }))
  const broken = complaints.some(({ code }) => code !== 'DUPLICATE_KEY')
  const { contents } = document
  if (broken || contents === null || (isScalar(contents) && contents.value === null)) return nothing(problems)
  if (!isMap(contents)) {
    const text = 'the file must hold keys and values, such as upstream: http://127.0.0.1:3000'
    return nothing([...problems, { name: 'file', place: placeAt(0), text }])
  }
  const reader: MapReader = { baseDir, placeAt, problems }
  const more = [SITES_KEY, SCHEMA_KEY]
  const { given, others } = readMap(contents, keys.options, reader, { more })
  return { given, sites: readSites(others.get(SITES_KEY), keys, reader), problems }
}
