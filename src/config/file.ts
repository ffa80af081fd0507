import { dirname, resolve } from 'node:path'
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap
} from 'yaml'
import { quote } from '../errors.ts'
import type { Given, GivenOptions } from './given.ts'
import { suggestion } from './near.ts'
import { tooDeepAt } from './nesting.ts'
import type { OptionSpec } from './option.ts'
import type { ConfigProblem } from './problems.ts'
import { readUpTo } from './read-up-to.ts'

const LARGEST_FILE_BYTES = 256 * 1024
const MOST_SYNTAX_ERRORS = 10

/** The part of an option that a file has to do with. */
export type FileOption = Pick<OptionSpec<unknown>, 'name' | 'list' | 'scalar'>

/** What a file gives, and everything that is wrong with it. */
export interface FileOutcome {
  given: GivenOptions
  problems: ConfigProblem[]
}

/**
 * Reads a YAML 1.2 or JSON file (JSON is YAML) as a flat map of options.
 *
 * @param name the file as its giver spelled it, for the places in the messages
 * @param from who gave the name: `--config` or `INTERMISSION_CONFIG`
 */
export function readConfigFile(
  name: string,
  from: string,
  cwd: string,
  options: readonly FileOption[]
): FileOutcome {
  const path = resolve(cwd, name)
  const refused = (text: string): FileOutcome => ({
    given: new Map(),
    problems: [{ name: from, place: null, text }]
  })
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
  return parseConfig(text, name, dirname(path), options)
}

function parseConfig(
  text: string,
  name: string,
  baseDir: string,
  options: readonly FileOption[]
): FileOutcome {
  const deep = tooDeepAt(text)
  if (deep !== undefined) {
    const text = 'this is nested too deeply'
    return { given: new Map(), problems: [{ name: 'syntax', place: `${name}:${deep}:1`, text }] }
  }
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
  const given = new Map<string, Given[]>()
  const broken = complaints.some(({ code }) => code !== 'DUPLICATE_KEY')
  if (broken || document.contents === null) return { given, problems }
  if (isScalar(document.contents) && document.contents.value === null) return { given, problems }
  if (!isMap(document.contents)) {
    const text = `the file must hold keys and values, such as upstream: http://127.0.0.1:3000`
    return { given, problems: [...problems, { name: 'file', place: placeAt(0), text }] }
  }
  for (const pair of (document.contents as YAMLMap<Node, Node | null>).items) {
    const key = String(isScalar(pair.key) ? pair.key.value : pair.key)
    const place = placeAt(pair.key.range?.[0] ?? 0)
    // For editors.
    if (key === '$schema') continue
    const option = options.find((candidate) => candidate.name === key)
    if (option) {
      if (!given.has(key)) given.set(key, valuesOf(pair, option, { as: key, place, baseDir }, placeAt))
    } else {
      const known = options.map((candidate) => candidate.name)
      problems.push({ name: key, place, text: `there is no such key; ${suggestion(key, known)}` })
    }
  }
  return { given, problems }
}

type Whose = Pick<Given, 'as' | 'place' | 'baseDir'>

function valuesOf(
  { value }: Pair<Node, Node | null>,
  option: FileOption,
  whose: Whose,
  placeAt: (offset: number) => string
): Given[] {
  const empty = option.list && isSeq(value) && value.items.length === 0
  if (empty) return [{ ...whose, value: [], text: undefined, empty }]
  const nodes: (Node | null)[] = isSeq(value) && option.list ? (value.items as Node[]) : [value]
  return nodes.map((node) => {
    const start = node?.range?.[0]
    const written = start !== undefined && node?.range?.[1] !== start
    const given = { ...whose, place: written ? placeAt(start) : whose.place }
    return { ...given, value: plain(node), text: textOf(node, option) }
  })
}

function textOf(node: Node | null, { scalar }: FileOption): string | undefined {
  if (!isScalar(node)) return undefined
  if (typeof node.value === 'string') return node.value
  // As it stands in the file: a long number must not come back rounded.
  return typeof node.value === scalar ? (node.source ?? String(node.value)) : undefined
}

// What to show of a refused value; nothing that an alias or a deep nest could blow up.
function plain(node: Node | null): unknown {
  if (isScalar(node)) return node.value
  if (isAlias(node)) return `*${node.source}`
  return isSeq(node) ? 'a list' : isMap(node) ? 'a map' : null
}
