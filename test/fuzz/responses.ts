/**
 * Makes responses as text (latin1, one character a byte): correct ones of every framing in every legal spelling, and
 * crooked ones that a reader has to judge.
 */
import { makeBody, makeChunks } from './bodies.ts'
import type { Random } from './random.ts'
import {
  CROOKED_FIELDS,
  FIRST_LINES,
  HOP_FIELDS,
  NAMES,
  REASONS,
  SPACES,
  STATUSES,
  VALUES
} from './spellings.ts'

/** A response without a fault: whoever is not asked to refuse it must read just this. */
export interface SoundResponse {
  status: number
  body: string
  trailers: string[]
}

export interface MadeResponse {
  text: string
  /** Null when the response is crooked. */
  sound: SoundResponse | null
}

/** More than this much is refused, rightly. */
const LONGEST_SOUND_HEAD_BYTES = 65_536

/** @param method of the request: decides whether the response has a body */
export function makeResponse(random: Random, method: string, mayUpgrade: boolean): MadeResponse {
  let text = ''
  let sound = true
  if (random.oneIn(6)) {
    for (let count = 1 + random.below(3); count > 0; count--) text += makeInterim(random)
    if (random.oneIn(40)) {
      text += makeInterim(random).repeat(60 + random.below(8))
      sound = false
    }
  }
  if (random.oneIn(mayUpgrade ? 2 : 60)) return { text: text + makeSwitch(random), sound: null }

  const status = random.pick(STATUSES)
  const http11 = !random.oneIn(8)
  const lines = [`HTTP/1.${http11 ? 1 : 0} ${status}${random.pick(REASONS)}`]
  if (random.oneIn(30)) {
    lines[0] = random.pick(FIRST_LINES)
    sound = false
  }
  addFields(random, lines)
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 304
  const framing = random.below(http11 ? 3 : 2)
  let body = makeBody(random)
  let trailers: string[] = []
  let coded = body
  if (framing === 0)
    insert(random, lines, `${caseOf(random, 'Content-Length')}:${random.pick(SPACES)}${body.length}`)
  if (framing === 2) {
    insert(
      random,
      lines,
      `${caseOf(random, 'Transfer-Encoding')}:${random.pick(SPACES)}${caseOf(random, 'chunked')}`
    )
    const chunks = makeChunks(random, body)
    coded = chunks.text
    trailers = chunks.trailers
    sound &&= chunks.sound
  }
  if (random.oneIn(12)) {
    insert(random, lines, random.pick(CROOKED_FIELDS))
    sound = false
  }
  if (!hasBody) {
    coded = ''
    body = ''
    trailers = []
  }
  const head = lines.join('\r\n')
  sound &&= head.length <= LONGEST_SOUND_HEAD_BYTES
  text += `${head}\r\n\r\n${coded}`
  return { text, sound: sound ? { status, body, trailers } : null }
}

/** Fields in any order, with all that is legal around them. */
function addFields(random: Random, lines: string[]): void {
  const many = random.oneIn(50) ? 30 + random.below(120) : random.below(7)
  for (let i = 0; i < many; i++) {
    lines.push(`${random.pick(NAMES)}:${random.pick(SPACES)}${random.pick(VALUES)}${random.pick(SPACES)}`)
  }
  while (random.oneIn(3)) insert(random, lines, random.pick(HOP_FIELDS))
  if (random.oneIn(2000)) lines.push(`X-Long: ${'y'.repeat(50_000 + random.below(30_000))}`)
}

function makeInterim(random: Random): string {
  const lines = [`HTTP/1.1 ${random.pick([100, 100, 102, 103, 103, 110, 199])}${random.pick(REASONS)}`]
  for (let i = random.below(3); i > 0; i--) lines.push(`Link: <${random.pick(NAMES)}>; rel=preload`)
  if (random.oneIn(20))
    lines.push(random.pick([...HOP_FIELDS, 'Content-Length: 3', 'Transfer-Encoding: chunked']))
  return `${lines.join('\r\n')}\r\n\r\n`
}

function makeSwitch(random: Random): string {
  const lines = ['HTTP/1.1 101 Switching Protocols']
  if (!random.oneIn(6)) lines.push('Upgrade: websocket')
  if (!random.oneIn(6)) lines.push(random.pick(['Connection: Upgrade', 'connection: keep-alive, upgrade']))
  addFields(random, lines)
  if (random.oneIn(8)) lines.push(random.pick(CROOKED_FIELDS))
  return `${lines.join('\r\n')}\r\n\r\n${random.pick(['', '\x81\x05hello', 'HTTP/1.1 200 OK\r\n\r\n', '\r\n'])}`
}

function insert(random: Random, lines: string[], line: string): void {
  lines.splice(1 + random.below(lines.length), 0, line)
}

function caseOf(random: Random, text: string): string {
  switch (random.below(4)) {
    case 0:
      return text.toLowerCase()
    case 1:
      return text.toUpperCase()
    default:
      return text
  }
}
