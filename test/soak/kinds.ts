/** The kinds of visitors. Each does one thing and says what became of it: `ok`, a status with its reason, or `cut`. */
import { randomBytes } from 'node:crypto'
import { type ClientHttp2Session, connect } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { MIB } from '../helpers/scale.ts'

/** Server-sent events of one visit, and how far apart they are, in milliseconds. */
export const EVENTS = 10
export const EVENTS_EVERY_MS = 150
const MESSAGES = 10
const MESSAGES_EVERY_MS = 100
const STREAMS = 10
const SMALL_BYTES = 20_000

export interface Places {
  url: string
  httpsUrl: string
  /** The certificate to trust. */
  ca: Buffer
}

export type Kind = (places: Places) => Promise<string>

const below = (limit: number): number => Math.floor(Math.random() * limit)
const text = (): string => randomBytes(below(SMALL_BYTES)).toString('hex')

export const KINDS: Readonly<Record<string, Kind>> = {
  get: async ({ url }) => {
    const path = `/get?${below(1e9)}`
    return answered(url + path, {}, (body) => body === `GET ${path} `)
  },
  post: async ({ url }) => {
    const sent = text()
    return answered(`${url}/post`, { method: 'POST', body: sent }, (body) => body === `POST /post ${sent}`)
  },
  upload: async ({ url }) => {
    const bytes = below(4 * MIB)
    const body = Buffer.alloc(bytes)
    return answered(`${url}/upload`, { method: 'PUT', body }, (got) => got === String(bytes))
  },
  download: async ({ url }) => {
    const bytes = below(4 * MIB)
    return answered(`${url}/download?bytes=${bytes}`, {}, (body) => body.length === bytes)
  },
  events: async ({ url }) =>
    answered(`${url}/events`, {}, (body) => body.match(/^data: /gm)?.length === EVENTS),
  abort: async ({ url }) => {
    const path = ['/events', `/download?bytes=${8 * MIB}`, '/upload'][below(3)]!
    const given = path === '/upload' ? { method: 'PUT', body: Buffer.alloc(4 * MIB) } : {}
    const outcome = await answered(
      url + path,
      { ...given, signal: AbortSignal.timeout(below(100)) },
      () => true
    )
    return outcome === 'left' ? 'ok' : outcome
  },
  websocket: async ({ url }) => talk(new WebSocket(url.replace('http', 'ws'))),
  http2: async ({ httpsUrl, ca }) => {
    const session = connect(httpsUrl, { ca, servername: 'localhost' })
    session.on('error', () => undefined)
    const outcomes = await Promise.all(Array.from({ length: STREAMS }, () => stream(session)))
    session.close()
    return outcomes.find((outcome) => outcome !== 'ok') ?? 'ok'
  }
}

async function answered(
  url: string,
  options: RequestInit,
  isRight: (body: string) => boolean
): Promise<string> {
  let response: Response
  try {
    response = await fetch(url, options)
  } catch (error) {
    return failure(error, 'no answer')
  }
  try {
    const body = await response.text()
    return judged(response.status, response.headers.get('intermission-reason'), () => isRight(body))
  } catch (error) {
    return failure(error, 'cut')
  }
}

function judged(status: number, reason: string | null, isRight: () => boolean): string {
  if (status !== 200) return `${status} ${reason}`
  return isRight() ? 'ok' : 'a wrong answer'
}

function failure(error: unknown, what: string): string {
  const { name, cause } = error as { name: string; cause?: { code?: string } }
  if (name === 'TimeoutError') return 'left'
  return what === 'cut' ? what : `${what}: ${cause?.code ?? String(error)}`
}

function stream(session: ClientHttp2Session): Promise<string> {
  return new Promise((resolve) => {
    const sent = below(2) === 0 ? text() : ''
    const method = sent === '' ? 'GET' : 'POST'
    const request = session.request({ ':method': method, ':path': '/h2' }, { endStream: sent === '' })
    let body = ''
    let status = 0
    let reason: string | null = null
    request.setEncoding('latin1').on('response', (head) => {
      status = Number(head[':status'])
      reason = head['intermission-reason']?.toString() ?? null
    })
    request.on('data', (piece: string) => {
      body += piece
    })
    request.on('end', () => resolve(judged(status, reason, () => body === `${method} /h2 ${sent}`)))
    request.on('error', () => resolve(status === 0 ? 'no answer over HTTP/2' : 'cut'))
    request.on('close', () => resolve(status === 0 ? 'no answer over HTTP/2' : 'cut'))
    if (sent !== '') request.end(sent)
  })
}

function talk(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    let echoed = 0
    socket.on('unexpected-response', (_request, response) => {
      resolve(`${response.statusCode} ${response.headers['intermission-reason']?.toString() ?? null}`)
      response.resume()
      socket.terminate()
    })
    socket.on('error', () => undefined)
    socket.on('open', async () => {
      for (let n = 0; n < MESSAGES && socket.readyState === WebSocket.OPEN; n++) {
        socket.send(`message ${n}`)
        await sleep(MESSAGES_EVERY_MS)
      }
      socket.close()
    })
    socket.on('message', (message) => {
      if (String(message) === `message ${echoed}`) echoed++
    })
    socket.on('close', () => resolve(echoed === MESSAGES ? 'ok' : 'websocket cut'))
  })
}
