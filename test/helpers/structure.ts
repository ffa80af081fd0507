/** The rules of the rooms: who may import whom, and what has no place where. Pure, so that the rules have tests too. */
import { dirname, join } from 'node:path'
import ts from 'typescript'

/** Path from the project's root to text. */
export type Sources = ReadonlyMap<string, string>

/** Files of `src/` that belong to no room, one a line. */
const FOUNDATION = [
  'acme-challenge',
  'address-ranges',
  'brand',
  'bypass-traces',
  'continue',
  'durable-file',
  'duration',
  'errors',
  'http2-safety',
  'linked-abort',
  'observation',
  'open-files',
  'package-root',
  'path-rule',
  'peer',
  'raw-target',
  'redis-url',
  'request-id',
  'small-file',
  'token-digests',
  'unix-peer',
  'is-http2',
  'known-options',
  'make-folder',
  'near',
  'waiting-room',
  'turn-end',
  'whole-head'
]
const GATEWAY = ['access-log', 'admin-app', 'app-options', 'gateway', 'host-lookup', 'log-lines', 'site']
const SERVER = [
  'listener',
  'log',
  'origins',
  'public-listeners',
  'redirect',
  'reload',
  'server',
  'service-manager',
  'serving',
  'signals',
  'site-facts',
  'webhooks',
  'worker',
  'worker-acceptors',
  'worker-channel',
  'worker-dispatch',
  'worker-leftovers',
  'worker-outcomes',
  'worker-process',
  'worker-samples',
  'workers'
]

/** From the bottom up. A file imports from layers below its own; inside its own only as `within` says. */
const LAYERS: readonly { name: string; holds: RegExp; within: 'all' | 'same folder' | 'none' }[] = [
  { name: 'foundation', holds: oneOf(FOUNDATION), within: 'all' },
  { name: 'rooms', holds: /^src\/(?!cli\/)[^/]+\//, within: 'same folder' },
  { name: 'plugins', holds: /^plugins\//, within: 'none' },
  { name: 'gateway', holds: oneOf(GATEWAY), within: 'all' },
  { name: 'server', holds: oneOf(SERVER), within: 'all' },
  { name: 'cli', holds: /^src\/cli\//, within: 'all' },
  { name: 'entry', holds: /^src\/index\.ts$/, within: 'none' }
]

function oneOf(names: readonly string[]): RegExp {
  return new RegExp(`^src/(?:${names.join('|')})\\.ts$`)
}

/** Rooms that may import another one: these arrows are drawn in docs/architecture.md. */
const ROOM_ARROWS: Readonly<Record<string, readonly string[]>> = {
  'src/admin': ['src/state'],
  'src/fleet': ['src/state'],
  'src/webhook': ['src/state']
}
const ROOMS = 1
const PLUGINS = 2
const CLI = 5
const ENTRY = 6

const FASTIFY = /^(fastify|fastify-plugin|@fastify\/.*)$/
const LONGEST_LINES = 250

/** Every broken rule of source files, as `path: what is wrong`. */
export function brokenRules(sources: Sources): string[] {
  const broken: string[] = []
  for (const [path, text] of sources) {
    const say = (what: string): number => broken.push(`${path}: ${what}`)
    const layer = layerOf(path)
    if (layer < 0) {
      say('belongs to no layer; give it one in test/helpers/structure.ts')
      continue
    }
    for (const name of importsOf(text)) {
      if (name.startsWith('.')) forbiddenImport(path, layer, join(dirname(path), name), say)
      else if (layer <= ROOMS && FASTIFY.test(name)) say(`imports ${name}, but knows nothing of Fastify`)
    }
    const code = withoutComments(text)
    if (/\bprocess\s*\.\s*env\b/.test(code) && !/^src\/(config|cli)\//.test(path)) say('reads process.env')
    if (layer === PLUGINS) plugin(code, say)
  }
  return [...broken, ...cycles(sources)]
}

/** Files that are longer than one can read in one go, as `path: n lines`. */
export function tooLong(sources: Sources): string[] {
  const lines = (text: string): number => text.trimEnd().split('\n').length
  return [...sources]
    .filter(([, text]) => lines(text) > LONGEST_LINES)
    .map(([path, text]) => `${path}: ${lines(text)} lines`)
}

function forbiddenImport(from: string, layer: number, to: string, say: (what: string) => number): void {
  const target = layerOf(to)
  const { name, within } = LAYERS[layer]!
  if (target < 0) say(`imports ${to}, which belongs to no layer`)
  else if (layer === PLUGINS && to.startsWith('src/config/'))
    say(`imports ${to}; a plugin takes options, not settings`)
  else if (layer === ENTRY && target === CLI) say(`imports ${to}; the command is no part of the library`)
  else if (target > layer) say(`imports ${to}, upwards from ${name} to ${LAYERS[target]!.name}`)
  else if (target < layer || within === 'all') return
  else if (within === 'none') say(`imports ${to}; these meet through decorators`)
  else if (dirname(to) !== dirname(from) && !ROOM_ARROWS[dirname(from)]?.includes(dirname(to)))
    say(`imports ${to}, another room of the same layer`)
}

function plugin(code: string, say: (what: string) => number): void {
  if (
    !/\nexport default fp\(\s*\w+,\s*\{[^}]*name: 'fastify-intermission\/[^']+'[^}]*\}\s*\)\s*$/.test(code)
  ) {
    say("does not end with export default fp(x, { name: 'fastify-intermission/x', ... })")
  }
  if (/\bprocess\s*\.\s*(exit|on|once)\b/.test(code)) say('touches the process')
  if (/\.listen\(/.test(code)) say('listens')
}

function cycles(sources: Sources): string[] {
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, way: string[]): void => {
    const text = sources.get(path)
    if (text === undefined || done.has(path)) return
    const at = way.indexOf(path)
    if (at >= 0) {
      found.push(`${[...way.slice(at), path].join(' -> ')}: a circle of imports`)
      return
    }
    for (const name of importsOf(text))
      if (name.startsWith('.')) visit(join(dirname(path), name), [...way, path])
    done.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return found
}

function layerOf(path: string): number {
  return LAYERS.findIndex(({ holds }) => holds.test(path))
}

function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
}
