import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isDeclined, putBackPlain } from './declined-upgrade.ts'
import type { ResponseHead } from './response-head.ts'
import { pipeFrames } from './websocket.ts'

/** A client that asked to change protocols: Node has given us its bare connection. */
export interface UpgradedClient {
  socket: Socket
  /** Bytes that came with the request, already part of the new protocol. */
  bytes: Buffer
  /** Value of the Upgrade field. */
  protocol: string
}

const kUpgraded = Symbol('intermission.upgraded')

type UpgradeRequest = IncomingMessage & { [kUpgraded]?: UpgradedClient }

/** The connection of a request that {@link routeUpgrade} has routed; null for every other request. */
export function upgradedClient(request: UpgradeRequest): UpgradedClient | null {
  return request[kUpgraded] ?? null
}

/**
 * Sends an upgrade request the way of every other request, so that the same checks apply: what any of them answers goes
 * out as a plain response, after which the connection ends.
 *
 * @param route takes the request as a server's `request` listener would
 */
export function routeUpgrade(
  request: UpgradeRequest,
  socket: Socket,
  bytes: Buffer,
  route: (request: IncomingMessage, response: ServerResponse) => void
): void {
  if (isDeclined(request)) {
    putBackPlain(request, socket, bytes)
    return
  }
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  try {
    response.assignSocket(socket)
  } catch {
    // An earlier request has not been answered yet: a listener of ours waits for that, Node's server does not.
    socket.destroy()
    return
  }
  // The socket has no listener of Node's any more: without one, a reset would end the process.
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    if (!response.destroyed && response.socket === socket) response.destroy()
  })
  // Nor does anybody see one leave who has said nothing but that, as Node does of plain requests.
  socket.on('end', () => {
    if (bytes.length === 0 && response.socket === socket && !response.headersSent) socket.destroy()
  })
  // Nor does anybody else tell a long answer that it may go on.
  socket.on('drain', () => response.emit('drain'))
  response.on('finish', () => socket.destroySoon())
  request[kUpgraded] = { socket, bytes, protocol: request.headers.upgrade ?? '' }
  route(request, response)
}

interface Tunnel {
  upgraded: UpgradedClient
  head: ResponseHead
  extraHeaders: string[]
  upstream: Socket
  /** Bytes that came with the 101. */
  bytes: Buffer
  /** Called once, when both directions have ended. */
  onClosed(): void
}

/** A connection of another protocol. */
export interface OpenTunnel {
  /** It is one whose closing handshake we can begin. */
  readonly isWebSocket: boolean
  /** Ends a WebSocket by its closing handshake, and cuts it when that takes too long; any other is cut at once. */
  close(): void
  /** Cuts both sides. */
  abort(): void
}

/** Long enough for a client far away, short enough for an operator who waits. */
const CLOSE_TIMEOUT_MS = 2000

/** Tells the client that the protocol has changed and moves bytes both ways until both sides have ended. */
export function joinTunnel(tunnel: Tunnel): OpenTunnel {
  const { upgraded, upstream, head } = tunnel
  const client = upgraded.socket
  let text = `HTTP/1.1 101 ${head.reasonPhrase}\r\nConnection: Upgrade\r\n`
  if (head.upgrade !== null) text += `Upgrade: ${head.upgrade}\r\n`
  const fields = [...head.rawHeaders, ...tunnel.extraHeaders]
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  client.setNoDelay(true)
  client.write(`${text}\r\n`, 'latin1')
  if (tunnel.bytes.length > 0) client.write(tunnel.bytes)
  if (upgraded.bytes.length > 0) upstream.write(upgraded.bytes)

  // `pipe` keeps back-pressure and passes the end of one direction on; a broken side takes the other with it.
  client.pipe(upstream)
  const isWebSocket = head.upgrade?.toLowerCase() === 'websocket'
  const frames = isWebSocket ? pipeFrames(upstream, client, tunnel.bytes) : null
  if (frames === null) upstream.pipe(client)
  let open = 2
  let closing: NodeJS.Timeout | undefined
  const onClosed = (other: Socket) => (): void => {
    other.destroySoon()
    open--
    if (open > 0) return
    clearTimeout(closing)
    tunnel.onClosed()
  }
  client.on('error', () => upstream.destroy())
  upstream.on('error', () => client.destroy())
  client.on('close', onClosed(upstream))
  upstream.on('close', onClosed(client))

  const abort = (): void => {
    client.destroy()
    upstream.destroy()
  }
  return {
    isWebSocket,
    close() {
      if (frames === null) abort()
      else {
        frames.close()
        closing ??= setTimeout(abort, CLOSE_TIMEOUT_MS)
      }
    },
    abort
  }
}
