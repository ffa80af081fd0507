/** Damages the bytes of a response as broken software, lines and people with intent do. */
import type { Random } from './random.ts'

type Mutation = (random: Random, text: string) => string

const CHARACTERS = [
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '"',
  '\\',
  '0',
  '1',
  'f',
  '\x7f',
  '\x80',
  '\xff',
  '\x0b',
  '-'
]
const SNIPPETS = [
  '\r\n',
  '\r\n\r\n',
  '\n\n',
  '\r\r\n',
  ' \r\n ',
  '0\r\n\r\n',
  '0\r\n',
  '5\r\nhello\r\n',
  'HTTP/1.1 ',
  'HTTP/1.1 200 OK\r\n',
  '\r\nContent-Length: 5\r\n',
  '\r\nContent-Length: 0\r\n',
  '\r\nTransfer-Encoding: chunked\r\n',
  '\r\nConnection: close\r\n',
  '\r\nTransfer-Encoding: chunked\n',
  '\r\nX: y\r\n z\r\n',
  'chunked',
  ',',
  '=',
  ';a="',
  'HTTP/1.1 100 \r\n\r\n',
  '100',
  '\r\nX'
]

// Half of them in the first part, where most of the decisions are.
function place(random: Random, text: string): number {
  return random.below(Math.min(text.length + 1, random.oneIn(2) ? 60 : Number.POSITIVE_INFINITY))
}

function splice(text: string, at: number, remove: number, add: string): string {
  return text.slice(0, at) + add + text.slice(at + remove)
}

function atLines(random: Random, text: string, edit: (lines: string[], at: number) => void): string {
  const lines = text.split('\r\n')
  edit(lines, random.below(lines.length))
  return lines.join('\r\n')
}

/** A place right beside a separator, where one character more matters most. */
function seam(random: Random, text: string): number {
  const found = text.indexOf(random.pick(['\r', '\n', ':', ' ', ';', '=', ',']), place(random, text))
  return found === -1 ? place(random, text) : found + random.below(2)
}

const MUTATIONS: readonly Mutation[] = [
  (random, text) => {
    const at = place(random, text)
    return splice(text, at, 1, String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << random.below(8))))
  },
  (random, text) => splice(text, place(random, text), 0, random.pick(CHARACTERS)),
  (random, text) => splice(text, seam(random, text), 0, random.pick(CHARACTERS)),
  (random, text) => splice(text, place(random, text), 1, random.pick(CHARACTERS)),
  (random, text) => splice(text, seam(random, text), 1, random.pick(CHARACTERS)),
  (random, text) => splice(text, place(random, text), 1, ''),
  (random, text) => splice(text, seam(random, text), 1, ''),
  (random, text) => splice(text, place(random, text), 1 + random.below(30), ''),
  (random, text) => splice(text, place(random, text), 0, random.pick(SNIPPETS)),
  (random, text) => splice(text, seam(random, text), 0, random.pick(SNIPPETS)),
  (random, text) => atLines(random, text, (lines, at) => lines.splice(at, 0, lines[at]!)),
  (random, text) => atLines(random, text, (lines, at) => lines.splice(at, 1)),
  (random, text) =>
    atLines(random, text, (lines, at) =>
      lines.splice(random.below(lines.length), 0, lines.splice(at, 1)[0]!)
    ),
  (random, text) => text.slice(0, place(random, text)),
  (random, text) => text.slice(0, random.below(text.length + 1)),
  // One line end, or all of them, in another way.
  (random, text) =>
    replaceOne(random, text, '\r\n', random.pick(['\n', '\r', '\n\r', '\r\r\n', '\r\n\r\n', ''])),
  (random, text) => text.replaceAll('\r\n', random.pick(['\n', '\r'])),
  // Another length, chunk size or status.
  (random, text) => {
    const at = text.slice(place(random, text)).search(/[0-9a-f]/)
    return at === -1
      ? text
      : splice(text, at, 1, random.pick(['0', '1', '2', '9', 'a', 'F', '00', '10', '-1', ' 1', '']))
  },
  (random, text) => text + text.slice(random.oneIn(2) ? 0 : random.below(text.length + 1))
]

function replaceOne(random: Random, text: string, search: string, replacement: string): string {
  const at = text.indexOf(search, place(random, text))
  return at === -1 ? text : splice(text, at, search.length, replacement)
}

/** One change, or a few. */
export function mutate(random: Random, text: string): string {
  let mutated = text
  do mutated = random.pick(MUTATIONS)(random, mutated)
  while (random.oneIn(3))
  return mutated
}
