/** Reads a response over a connection of ours, and holds the connection to its promises meanwhile. */
import { endTurn } from '../../src/turn-end.ts'
import { UpstreamConnection } from '../../src/upstream/connection.ts'
import type {
  ConnectionOwner,
  ExchangeHandler,
  RequestChannel,
  UpstreamRequest
} from '../../src/upstream/exchange.ts'
import type { UpstreamError } from '../../src/upstream/failure.ts'
import type { ResponseHead } from '../../src/upstream/response-head.ts'
import type { FuzzCase } from './cases.ts'
import { emptyReading, type HeadRead, type Reading } from './reading.ts'
import { Wire } from './wire.ts'

/** A promise of `ExchangeHandler` or of the connection was broken. */
export class BrokenPromise extends Error {}

const TIMEOUTS = { connectTimeoutMs: 60_000, responseTimeoutMs: 60_000, idleTimeoutMs: 60_000 }
const WARM_UP = Buffer.from(
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n'
)

type State = 'connecting' | 'waiting' | 'body' | 'over'

class Listener implements ExchangeHandler {
  isGone = false
  state: State = 'connecting'
  error: UpstreamError | null = null
  channel: RequestChannel | null = null
  paused = false
  /** The first broken promise: the connection may swallow what is thrown. */
  broken: BrokenPromise | null = null
  readonly reading = emptyReading()
  readonly #fuzz: FuzzCase
  #events = 0
  #pieces = 0

  constructor(fuzz: FuzzCase) {
    this.#fuzz = fuzz
  }

  onConnection(channel: RequestChannel): void {
    this.#expect('connecting')
    this.state = 'waiting'
    this.channel = channel
    if (this.#fuzz.requestBody !== 'none') channel.write('part of the body')
    if (this.#fuzz.requestBody === 'sent') channel.finish()
  }

  onBodyWanted(): void {}

  onTakenBack(): void {}

  onInterim(head: ResponseHead): void {
    this.#expect('waiting')
    this.reading.interims.push(headRead(head))
    this.#maybeLeave()
  }

  onHead(head: ResponseHead): void {
    this.#expect('waiting')
    this.state = 'body'
    this.reading.head = headRead(head)
    this.#maybeLeave()
  }

  onData(bytes: Buffer): void {
    this.#expect('body')
    if (bytes.length === 0) this.#break('a piece of body without bytes')
    this.reading.body += bytes.toString('latin1')
    this.#pieces++
    if (this.#fuzz.pauseEvery > 0 && this.#pieces % this.#fuzz.pauseEvery === 0) {
      this.paused = true
      this.channel!.pause()
    }
    this.#maybeLeave()
  }

  onBatchEnd(): void {
    if (this.state === 'over') this.#break('onBatchEnd after the end')
  }

  holdsBytes(): boolean {
    return false
  }

  onDrain(): void {
    this.#break('onDrain of a socket that was never full')
  }

  onEnd(trailers: string[]): void {
    this.#expect('body')
    this.state = 'over'
    this.reading.trailers = trailers
    this.reading.end = 'complete'
  }

  onUpgrade(head: ResponseHead, _socket: unknown, bytes: Buffer): void {
    this.#expect('waiting')
    this.state = 'over'
    this.reading.head = headRead(head)
    this.reading.rest = bytes.toString('latin1')
    this.reading.end = 'upgrade'
  }

  onError(error: UpstreamError): void {
    const unforeseen = error.reason === 'invalid-response' && error.cause !== undefined
    if (unforeseen) this.#break(`threw ${error.message}`)
    if (this.state === 'over') this.#break(`onError after the end: ${error.message}`)
    const hasHead = this.state === 'body'
    this.state = 'over'
    this.error = error
    this.reading.detail = error.message
    if (error.reason === 'invalid-response') this.reading.end = 'invalid'
    else if (error.reason === (hasHead ? 'cut' : 'reset')) this.reading.end = 'cut'
    else if (!error.reason.endsWith('-timeout')) this.#break(`failed with reason ${error.reason}`)
  }

  #expect(state: State): void {
    if (this.state !== state) this.#break(`an event of '${state}' while '${this.state}'`)
  }

  #break(text: string): never {
    this.broken ??= new BrokenPromise(text)
    throw this.broken
  }

  #maybeLeave(): void {
    if (++this.#events !== this.#fuzz.abortAt) return
    this.state = 'over'
    this.isGone = true
    this.reading.end = 'aborted'
    this.channel!.abort()
  }
}

/** @throws BrokenPromise */
export function readOurs(fuzz: FuzzCase): Reading {
  const wire = new Wire()
  let idle = false
  const owner: ConnectionOwner<UpstreamConnection> = {
    timeouts: TIMEOUTS,
    onConnected: () => {},
    onUnreachable: () => {
      throw new BrokenPromise('unreachable, after it was connected')
    },
    onIdle: () => {
      idle = true
    },
    onBroken: () => {},
    onClosed: () => {
      idle = false
    },
    repeat: () => {
      throw new BrokenPromise('repeated what may not be repeated')
    }
  }
  const connection = new UpstreamConnection(wire, owner)
  if (fuzz.reused) {
    const warmUp = new Listener({ ...fuzz, requestBody: 'none', abortAt: 0, pauseEvery: 0 })
    connection.send(requestOf({ ...fuzz, method: 'GET', upgrade: false, requestBody: 'none' }), warmUp)
    wire.emit('connect')
    endTurn()
    wire.deliver(WARM_UP)
    if (warmUp.reading.end !== 'complete' || !idle) throw new BrokenPromise('no second request is possible')
    idle = false
  }
  const listener = new Listener(fuzz)
  connection.send(requestOf(fuzz), listener)
  if (!fuzz.reused) wire.emit('connect')
  endTurn()
  if (wire.writes === 0) throw new BrokenPromise('nothing was sent')

  for (const packet of fuzz.packets) {
    if (wire.destroyed || listener.reading.end === 'upgrade') break
    const wasOver = listener.state === 'over'
    unpause(listener, wire, connection)
    wire.deliver(packet)
    if (listener.state === 'over' && !wasOver) listener.reading.keepAlive = idle
    if (wasOver && !wire.destroyed) throw new BrokenPromise('bytes that nobody asked for, and still open')
  }
  unpause(listener, wire, connection)
  end(fuzz, listener, wire, connection)
  if (listener.broken !== null) throw listener.broken
  return listener.reading
}

function unpause(listener: Listener, wire: Wire, connection: UpstreamConnection): void {
  if (listener.paused && listener.state !== 'over') {
    if (!wire.paused) throw new BrokenPromise('paused, and still reading')
    if (Number.isFinite(connection.deadline.dueMs))
      throw new BrokenPromise('a time-out for the slowness of the client')
    listener.channel!.resume()
  }
  listener.paused = false
  if (wire.paused && !wire.destroyed && listener.reading.end !== 'upgrade')
    throw new BrokenPromise('left paused')
}

function end(fuzz: FuzzCase, listener: Listener, wire: Wire, connection: UpstreamConnection): void {
  const { reading } = listener
  if (reading.end === 'upgrade') {
    reading.rest += Buffer.concat(wire.pushed).toString('latin1')
    return
  }
  if (fuzz.ending === 'open') {
    if (listener.state === 'over') return
    // Nothing more comes: the request must end all the same. Only a request that is still being sent may wait.
    const mayWait = fuzz.requestBody === 'unfinished' && reading.head === null
    if (!mayWait && !Number.isFinite(connection.deadline.dueMs))
      throw new BrokenPromise('would wait for ever')
    connection.onDeadline()
    if (!listener.error?.reason.endsWith('-timeout') && !mayWait) throw new BrokenPromise('no time-out')
    return
  }
  if (!wire.destroyed) {
    if (fuzz.ending === 'end') wire.emit('end')
    else wire.emit('error', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
  }
  if (!wire.destroyed) throw new BrokenPromise('the upstream has ended, and our side is still open')
  wire.emit('close')
  if (listener.state !== 'over')
    throw new BrokenPromise('the connection is closed, and the request knows nothing')
}

function requestOf(fuzz: FuzzCase): UpstreamRequest {
  return {
    method: fuzz.method,
    head: `${fuzz.method} / HTTP/1.1\r\nHost: a\r\n\r\n`,
    hasBody: fuzz.requestBody !== 'none',
    upgrade: fuzz.upgrade,
    repeatable: false,
    asksFirst: false,
    isResent: false
  }
}

function headRead(head: ResponseHead): HeadRead {
  return { version: '', status: head.status, reason: head.reasonPhrase, fields: head.rawHeaders }
}
