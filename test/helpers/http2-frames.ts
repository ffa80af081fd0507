/** HTTP/2 frames one by one, for what no HTTP/2 client would send (RFC 9113 sections 4 and 6). */
import { type RawClient, rawClient } from './raw-client.ts'
import type { Cleanup } from './temp-dir.ts'

export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9
} as const

export const END_STREAM = 1
export const END_HEADERS = 4

export interface Frame {
  type: number
  flags: number
  stream: number
  payload: Buffer
}

export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = Buffer.from(payload as string, 'latin1')
  const head = Buffer.alloc(9)
  head.writeUIntBE(body.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, body])
}

/** A field block of literals only (RFC 7541 section 6.2.2). */
export function fieldBlock(fields: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value, 'latin1')
    return Buffer.concat([lengthOf(bytes.length), bytes])
  }
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

// RFC 7541 section 5.1, with a prefix of 7 bits.
function lengthOf(length: number): Buffer {
  if (length < 127) return Buffer.from([length])
  const bytes = [127]
  let rest = length - 127
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}

export const PLAIN_FIELDS = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'h']
] as const

/** A 32-bit number, as several frames carry one. */
export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export interface FrameClient extends RawClient {
  /** All complete frames that have arrived. */
  readonly frames: Frame[]
  /** Waits for a frame; fails after `withinMs`. */
  waitForFrame(matches: (frame: Frame) => boolean, withinMs?: number): Promise<Frame>
}

/** Begins an HTTP/2 connection without TLS. */
export async function frameClient(t: Cleanup, port: number): Promise<FrameClient> {
  const client = await rawClient(t, port)
  client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  client.send(frame(FRAME.settings, 0, 0))
  const frames = (): Frame[] => parseFrames(Buffer.from(client.received, 'latin1'))
  const waitForFrame = async (matches: (frame: Frame) => boolean, withinMs = 5000): Promise<Frame> => {
    const until = performance.now() + withinMs
    for (;;) {
      const found = frames().find(matches)
      if (found) return found
      if (performance.now() > until) {
        const got = frames().map(({ type, flags, stream }) => `${type}/${flags}/${stream}`)
        throw new Error(`only got these types, flags and streams: ${got.join(' ')}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  return Object.defineProperty(
    Object.assign(Object.create(client) as RawClient, { waitForFrame }),
    'frames',
    {
      get: frames
    }
  ) as FrameClient
}

function parseFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  let at = 0
  while (at + 9 <= bytes.length) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    if (end > bytes.length) break
    frames.push({
      type: bytes[at + 3]!,
      flags: bytes[at + 4]!,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end)
    })
    at = end
  }
  return frames
}
