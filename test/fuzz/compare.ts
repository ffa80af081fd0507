/** Holds our reading of a response against Node's: the same, or stricter for a known reason. */
import { hasNoHeadEnd, reasonToRefuse } from './allowed.ts'
import type { FuzzCase } from './cases.ts'
import type { NodeReader } from './node-reader.ts'
import { BrokenPromise, readOurs } from './our-reader.ts'
import type { HeadRead, Reading } from './reading.ts'

/** A case in which our reader is not what it has to be. */
export class Difference extends Error {
  override readonly name = 'Difference'
}

/** The one thing that we take and Node does not. */
const LOOSER =
  'looser: reads on after an interim response with Connection: close, as RFC 9112 section 9.6 allows'

/** White space to RFC 9110, to us and to newer versions of Node. */
const TAB =
  'otherwise: a tab after the Connection of a 101, in which older versions of Node see no upgrade then'

/** Ends every line that is still open: a reader that waits for its end has to judge it now. */
const LINE_ENDS = Buffer.from('\r\n\r\n')

/**
 * @returns the category of the case, for the table
 * @throws Difference
 */
export function judge(fuzz: FuzzCase, readNode: NodeReader): string {
  try {
    const ours = readOurs(fuzz)
    const node = readNode(fuzz)
    if (!announcedItsEnd(node)) return compare(fuzz, node, ours)
    // RFC 9112 section 9.6 lets a connection end after the final response, so we read on. What we make of it must be
    // what Node makes of it once it is told to read on, and the connection must not be used again.
    if (ours.keepAlive) throw new Difference('kept, after an interim response with Connection: close')
    const again = readNode(fuzz, { afterClose: true })
    // Told to read on, it does not forget the length of a response that has no body.
    if (again.end !== ours.end && hasLength(node)) {
      checkPrefix(fuzz, again, ours)
      return LOOSER
    }
    const category = compare(fuzz, again, ours)
    return category.startsWith('same') && ours.end !== 'invalid' ? LOOSER : category
  } catch (error) {
    if (error instanceof BrokenPromise) throw new Difference(`broken promise: ${error.message}`)
    throw error
  }
}

/** Node refuses whatever follows an interim response that says `Connection: close`, or is in HTTP/1.0. */
function announcedItsEnd(node: Reading): boolean {
  return node.detail === 'HPE_CLOSED_CONNECTION' && node.head === null && node.interims.length > 0
}

function hasLength({ interims }: Reading): boolean {
  return interims.some(({ fields }) =>
    fields.some((name) => /^(?:content-length|transfer-encoding)$/i.test(name))
  )
}

function endsConnectionInTab({ packets }: FuzzCase): boolean {
  return /^connection:.*\t *\r$/im.test(Buffer.concat(packets).toString('latin1'))
}

function compare(fuzz: FuzzCase, node: Reading, ours: Reading): string {
  if (fuzz.sound !== null && ours.end !== 'aborted') checkSound(fuzz, ours)
  checkPrefix(fuzz, node, ours)
  if (ours.end === 'aborted') return 'the client left'
  const ends = `node: ${describe(node)}; ours: ${describe(ours)}`
  if (ours.end === 'cut' || ours.end === 'waiting') {
    if (node.end === 'invalid') {
      checkRefusedLater(fuzz, node, ends)
      return `same, once the line is whole: ${ours.end}`
    }
    if ((node.head !== null || node.interims.length > ours.interims.length) && hasNoHeadEnd(fuzz, ours))
      return 'stricter: a head with other line ends than CRLF'
  }
  if (ours.end === 'upgrade' && node.end === 'complete' && endsConnectionInTab(fuzz)) return TAB
  if (ours.end === node.end) {
    if (ours.end !== 'invalid') checkSame(node, ours)
    return `same: ${ours.end}`
  }
  if (ours.end !== 'invalid') throw new Difference(ends)
  if (fuzz.sound !== null) throw new Difference(`refused a sound response; ${ends}`)
  const reason = reasonToRefuse(fuzz, node, ours)
  if (reason === null) throw new Difference(`refused for no listed reason; ${ends}`)
  return `stricter: ${reason}`
}

// What has been handed on must be what Node hands on, also when the rest is refused.
function checkPrefix(fuzz: FuzzCase, node: Reading, ours: Reading): void {
  ours.interims.forEach((head, i) => {
    checkHead(node.interims[i], head)
  })
  if (ours.head !== null) checkHead(node.head ?? undefined, ours.head)
  if (!node.body.startsWith(ours.body))
    throw new Difference(`bodies: ${quote(node.body)}; ours: ${quote(ours.body)}`)
  // Node asks itself before it knows of the HEAD, so that an answer without a length counts as one without an end.
  if (ours.keepAlive && fuzz.requestBody === 'unfinished') throw new Difference('kept, with half a request')
  if (ours.end === 'upgrade' && !fuzz.upgrade)
    throw new Difference('another protocol, which nobody asked for')
  if (ours.keepAlive && !node.keepAlive && fuzz.method !== 'HEAD')
    throw new Difference('kept, and not by Node')
}

function checkSame(node: Reading, ours: Reading): void {
  if ((node.head === null) !== (ours.head === null)) throw new Difference('only one has a head')
  if (node.interims.length !== ours.interims.length)
    throw new Difference('another number of interim responses')
  if (node.body !== ours.body) throw new Difference(`bodies: ${quote(node.body)}; ours: ${quote(ours.body)}`)
  if (node.rest !== ours.rest)
    throw new Difference(`first bytes: ${quote(node.rest)}; ours: ${quote(ours.rest)}`)
  const trailers = without(TRAILERS_OF_THIS_HOP, node.trailers)
  if (ours.end === 'complete' && !sameList(trailers, ours.trailers))
    throw new Difference(`trailers: ${quote(trailers)}; ours: ${quote(ours.trailers)}`)
}

function checkHead(node: HeadRead | undefined, ours: HeadRead): void {
  if (node === undefined) throw new Difference(`a head that Node has not: ${quote(ours)}`)
  const fields = endToEnd(node.fields)
  if (node.status !== ours.status || node.reason !== ours.reason || !sameList(fields, ours.fields))
    throw new Difference(`heads: ${quote({ ...node, fields })}; ours: ${quote(ours)}`)
}

function checkSound(fuzz: FuzzCase, ours: Reading): void {
  const { status, body, trailers } = fuzz.sound!
  if (
    ours.end !== 'complete' ||
    ours.head?.status !== status ||
    ours.body !== body ||
    !sameList(ours.trailers, trailers)
  )
    throw new Difference(`sent: ${quote(fuzz.sound)}; ours: ${describe(ours)} ${quote(ours)}`)
}

// Node refuses at the first wrong character, we at the end of the line it is in. With that end we must refuse it too.
function checkRefusedLater(fuzz: FuzzCase, node: Reading, ends: string): void {
  const ours = readOurs({ ...fuzz, packets: [...fuzz.packets, LINE_ENDS], ending: 'end', abortAt: 0 })
  checkPrefix(fuzz, node, ours)
  if (ours.end !== 'invalid')
    throw new Difference(`not even refused with its line ended (${describe(ours)}); ${ends}`)
}

const OF_THIS_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'trailer'
])
const TRAILERS_OF_THIS_HOP = new Set([...OF_THIS_HOP, 'te'])
const NEVER_TAKEN_OFF = ['content-length', 'content-type', 'content-encoding', 'cache-control', 'set-cookie']

/** The fields that we relay, by the rules of RFC 9110 section 7.6.1. */
function endToEnd(fields: string[]): string[] {
  const taken = new Set(OF_THIS_HOP)
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.toLowerCase() !== 'connection') continue
    for (const option of fields[i + 1]!.toLowerCase().split(','))
      taken.add(option.replace(/^[\t ]+|[\t ]+$/g, ''))
  }
  for (const name of NEVER_TAKEN_OFF) taken.delete(name)
  return without(taken, fields)
}

function without(names: ReadonlySet<string>, fields: string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    if (!names.has(fields[i]!.toLowerCase())) kept.push(fields[i]!, fields[i + 1]!)
  }
  return kept
}

function sameList(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}

function describe(reading: Reading): string {
  return `${reading.end}${reading.detail === '' ? '' : ` (${reading.detail})`}`
}

function quote(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 600 ? `${text.slice(0, 600)}...` : text
}
