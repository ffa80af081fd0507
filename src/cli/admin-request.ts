import { request } from 'node:http'
import { formatAddress, type ListenAddress } from '../config/address.ts'
import { IntermissionError } from '../errors.ts'

const LARGEST_ANSWER_BYTES = 4 * 1024 * 1024

/** One call of the admin API. */
export interface AdminRequest {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  path: string
  headers?: Record<string, string>
  /** Sent as JSON. */
  body?: object
  /** For the whole call, in milliseconds. */
  timeoutMs: number
}

export interface AdminAnswer {
  status: number
  /** The JSON object of the answer. */
  body: Record<string, unknown>
}

/**
 * Calls the admin API over TCP or a unix socket.
 *
 * @throws IntermissionError ERR_ADMIN_UNREACHABLE when nobody answers in time, or somebody who is no admin API
 */
export async function callAdmin(address: ListenAddress, call: AdminRequest): Promise<AdminAnswer> {
  const { status, text } = await exchange(address, call).catch((cause: NodeJS.ErrnoException) => {
    throw unreachable(address, explain(cause, call.timeoutMs), cause)
  })
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return { status, body: body as AdminAnswer['body'] }
  } catch {
    // Told below.
  }
  throw notAdmin(address, status)
}

function exchange(address: ListenAddress, call: AdminRequest): Promise<{ status: number; text: string }> {
  const payload = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body))
  return new Promise((resolve, reject) => {
    const outgoing = request({
      ...target(address),
      method: call.method,
      path: call.path,
      agent: false,
      signal: AbortSignal.timeout(call.timeoutMs),
      headers: {
        accept: 'application/json',
        ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
        ...call.headers
      }
    })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const parts: Buffer[] = []
      let length = 0
      response.on('error', reject)
      response.on('data', (part: Buffer) => {
        length += part.length
        if (length > LARGEST_ANSWER_BYTES) response.destroy(new Error('the answer has no end'))
        else parts.push(part)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() })
      )
    })
    outgoing.end(payload)
  })
}

// Node writes the Host header from these: `127.0.0.1:8081`, `[::1]:8081`, or `localhost` over a socket.
function target(address: ListenAddress): { host?: string; port?: number; socketPath?: string } {
  if (address.kind === 'unix') return { socketPath: address.path }
  // The address to listen on everywhere is not one to connect to.
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '::1' : address.host
  return { host, port: address.port }
}

function explain(error: NodeJS.ErrnoException, timeoutMs: number): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError')
    return `no answer within ${timeoutMs / 1000}s`
  if (error.code === 'ECONNREFUSED') return 'nothing listens there; is the gateway running?'
  if (error.code === 'ENOENT') return 'there is no such socket; is the gateway running?'
  if (error.code === 'EACCES') return 'this user may not open the socket'
  if (error.code?.startsWith('HPE_')) return 'what answers there does not speak HTTP'
  return error.message
}

/** Somebody answers, but does not say what the admin API says. */
export function notAdmin(address: ListenAddress, status: number): IntermissionError {
  return unreachable(address, `what answers there (status ${status}) is not the admin API`)
}

function unreachable(address: ListenAddress, why: string, cause?: unknown): IntermissionError {
  const text = `the admin API cannot be reached at ${formatAddress(address)}: ${why}`
  return new IntermissionError('ERR_ADMIN_UNREACHABLE', text, { cause })
}
