/** Reads a response with `node:http` itself, over a connection in memory: what the reader with the bare parser stands for. */
import { type IncomingMessage, request } from 'node:http'
import { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FuzzCase } from './cases.ts'
import { emptyReading, type HeadRead, type Reading } from './reading.ts'

const HEAD_LIMIT_BYTES = 1_048_576
/** Turns of the event loop in which everything that was received has been handed on. */
const SETTLED_TURNS = 4

export async function readWithClient(fuzz: FuzzCase): Promise<Reading> {
  const reading = emptyReading()
  let response: IncomingMessage | null = null
  const wire = new Duplex({
    read() {},
    write(_bytes, _encoding, written) {
      written()
    }
  })
  const sent = request({
    method: fuzz.method,
    headers: fuzz.upgrade ? { Connection: 'Upgrade', Upgrade: 'websocket' } : {},
    createConnection: () => wire,
    maxHeaderSize: HEAD_LIMIT_BYTES
  })
  sent.on('information', (head) => {
    reading.interims.push(headOf(head.statusCode, head.statusMessage, head.rawHeaders))
  })
  sent.on('response', (head) => {
    response = head
    reading.head = headOf(head.statusCode!, head.statusMessage!, head.rawHeaders)
    head.on('data', (bytes: Buffer) => {
      reading.body += bytes.toString('latin1')
    })
    head.on('error', () => {})
  })
  sent.on('upgrade', (head, socket, bytes) => {
    reading.head = headOf(head.statusCode!, head.statusMessage!, head.rawHeaders)
    reading.rest = bytes.toString('latin1')
    reading.end = 'upgrade'
    socket.destroy()
  })
  sent.on('error', (error: NodeJS.ErrnoException) => {
    reading.detail = error.code ?? error.message
  })
  sent.end()
  await nextTurn()
  for (const packet of fuzz.packets) {
    if (wire.destroyed) break
    wire.push(packet)
    await nextTurn()
  }
  if (fuzz.ending === 'end' && !wire.destroyed) wire.push(null)
  for (let turn = 0; turn < SETTLED_TURNS; turn++) await nextTurn()
  if (reading.end !== 'upgrade') reading.end = endingOf(response, reading.detail, fuzz)
  if (reading.end === 'complete') reading.trailers = response!.rawTrailers
  sent.destroy()
  wire.destroy()
  return reading
}

function endingOf(response: IncomingMessage | null, error: string, fuzz: FuzzCase): Reading['end'] {
  // An error after that is about bytes that belong to nobody.
  if (response?.complete) return 'complete'
  if (error.startsWith('HPE_')) return 'invalid'
  return fuzz.ending === 'open' ? 'waiting' : 'cut'
}

function headOf(status: number, reason: string, fields: string[]): HeadRead {
  return { version: '', status, reason, fields }
}
