/** Cases: what arrives over a connection to the upstream, in which pieces, and how it ends. */
import { mutate } from './mutations.ts'
import { createRandom, type Random } from './random.ts'
import { makeResponse, type SoundResponse } from './responses.ts'

export interface FuzzCase {
  method: string
  /** The request asked to change protocols. */
  upgrade: boolean
  /** The request has a body, and this is how far it has been sent when the response arrives. */
  requestBody: 'none' | 'sent' | 'unfinished'
  packets: Buffer[]
  /** How the connection ends after the packets; `open`: it does not. */
  ending: 'end' | 'reset' | 'open'
  /** Another response has been read from the connection before. */
  reused: boolean
  /** The client is slow: after every so many pieces of body reading is paused. 0: never. */
  pauseEvery: number
  /** The client leaves at this event of the response. 0: it stays. */
  abortAt: number
  /** What must be read, when nothing is wrong with the response. */
  sound: SoundResponse | null
}

/** The case with this number of this seed, whatever cases were made before. */
export function makeCase(seed: number, number: number): FuzzCase {
  const random = createRandom(seed, number)
  const method = random.pick(['GET', 'GET', 'GET', 'POST', 'HEAD'])
  const upgrade = method === 'GET' && random.oneIn(25)
  const made = makeResponse(random, method, upgrade)
  let { text, sound } = made
  if (random.oneIn(15)) text += makeResponse(random, method, false).text
  const intact = random.oneIn(5)
  if (!intact) {
    text = mutate(random, text)
    sound = null
  }
  const ending = random.pick(['end', 'end', 'end', 'reset', 'open'] as const)
  if (ending !== 'end' || made.text !== text) sound = null
  return {
    method,
    upgrade,
    requestBody: method === 'POST' ? random.pick(['sent', 'sent', 'unfinished'] as const) : 'none',
    packets: cut(random, Buffer.from(text, 'latin1')),
    ending,
    reused: random.oneIn(6),
    pauseEvery: random.oneIn(10) ? 1 + random.below(3) : 0,
    abortAt: random.oneIn(50) ? 1 + random.below(4) : 0,
    sound
  }
}

const SHORT_BYTES = 400

// In one piece, in a few, in many, or right inside the line ends.
function cut(random: Random, bytes: Buffer): Buffer[] {
  if (bytes.length === 0) return []
  const edges = new Set<number>()
  const way = random.below(10)
  if (way >= 4 && way < 8) for (let i = random.below(6); i >= 0; i--) edges.add(random.below(bytes.length))
  if (way === 8) {
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1))
      if (random.oneIn(2)) edges.add(at)
  }
  if (way === 9 && bytes.length <= SHORT_BYTES) for (let at = 1; at < bytes.length; at++) edges.add(at)
  edges.delete(0)
  const packets: Buffer[] = []
  let start = 0
  for (const edge of [...edges].sort((a, b) => a - b)) {
    packets.push(bytes.subarray(start, edge))
    start = edge
  }
  packets.push(bytes.subarray(start))
  return packets
}
