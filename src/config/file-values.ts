import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import type { Given } from './given.ts'
import type { OptionSpec } from './option.ts'

/** The part of an option that a file has to do with. */
export type FileOption = Pick<OptionSpec<unknown>, 'name' | 'list' | 'scalar'>

/** Whose values they are, and what relative paths in them start from. */
export type Whose = Pick<Given, 'as' | 'place' | 'baseDir'>

/** The values of one key, each at its own place. */
export function valuesOf(
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

/** Stands for the default, in place of a value that would be inherited. */
export function defaultValue(whose: Whose): Given {
  return { ...whose, value: null, text: undefined, isDefault: true }
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
