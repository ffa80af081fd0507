import { isScalar, type Node, type Pair, type YAMLMap } from 'yaml'
import { suggestion } from '../near.ts'
import { defaultValue, type FileOption, valuesOf } from './file-values.ts'
import type { Given, GivenOptions } from './given.ts'
import type { ConfigProblem } from './problems.ts'

export type FileMap = YAMLMap<Node, Node | null>
export type FilePair = Pair<Node, Node | null>

/** What a file may hold. */
export interface FileKeys {
  /** On the top level. */
  options: readonly FileOption[]
  /** Those of them that a site may have as well. */
  siteOptions: readonly FileOption[]
}

/** What is the same for every map of one file. */
export interface MapReader {
  /** Folder of the file. */
  baseDir: string
  /** `file:line:column` of an offset into the file. */
  placeAt: (offset: number) => string
  /** Takes what is wrong. */
  problems: ConfigProblem[]
}

export interface MapOptions {
  /** What stands before a key in messages, such as `sites.shop.`. Default: nothing. */
  prefix?: string
  /** Keys that are no options and are left to the caller. Default: none. */
  more?: readonly string[]
  /** What to say of a key that is none of these but means something elsewhere. Default: nothing does. */
  misplaced?: (key: string) => string | undefined
  /** Whether a value of `null` means the default and not, as left empty by mistake, nothing. Default: false. */
  nullIsDefault?: boolean
}

/** Reads a map whose keys are options; every other key is a problem. */
export function readMap(
  map: FileMap,
  options: readonly FileOption[],
  reader: MapReader,
  { prefix = '', more = [], misplaced = () => undefined, nullIsDefault = false }: MapOptions = {}
): { given: GivenOptions; others: ReadonlyMap<string, FilePair> } {
  const given = new Map<string, Given[]>()
  const others = new Map<string, FilePair>()
  for (const pair of map.items) {
    const { key, place } = keyOf(pair, reader)
    const option = options.find((candidate) => candidate.name === key)
    const as = prefix + key
    if (option) {
      if (given.has(key)) continue
      const whose = { as, place, baseDir: reader.baseDir }
      const isNull = nullIsDefault && isScalar(pair.value) && /^(?:null|~)$/i.test(pair.value.source ?? '')
      given.set(key, isNull ? [defaultValue(whose)] : valuesOf(pair, option, whose, reader.placeAt))
    } else if (more.includes(key)) {
      others.set(key, pair)
    } else {
      const known = [...options.map((candidate) => candidate.name), ...more]
      const text = misplaced(key) ?? `there is no such key; ${suggestion(key, known)}`
      reader.problems.push({ name: as, place, text })
    }
  }
  return { given, others }
}

export function keyOf(pair: FilePair, { placeAt }: MapReader): { key: string; place: string } {
  const key = String(isScalar(pair.key) ? pair.key.value : pair.key)
  return { key, place: placeAt(pair.key.range?.[0] ?? 0) }
}
