/** A Fastify app with our plugins behind a listener of ours, as the gateway has it. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders
} from 'node:http2'
import Fastify, { type FastifyInstance } from 'fastify'
import errorPages from '../../plugins/error-pages.ts'
import maintenance, { type MaintenanceOptions } from '../../plugins/maintenance.ts'
import proxy, { type ProxyOptions } from '../../plugins/proxy.ts'
import staticFirst from '../../plugins/static-first.ts'
import { createCertificateStore } from '../../src/listeners/certificate-store.ts'
import { loadCertificates } from '../../src/listeners/certificates.ts'
import { type ListenerOptions, type ListenTarget, openListener } from '../../src/listeners/listener.ts'
import { servedBy } from '../../src/public-listeners.ts'
import { keepRawTarget } from '../../src/raw-target.ts'
import { type MadeCertificate, makeCertificate } from './certificate.ts'
import type { Cleanup } from './temp-dir.ts'

export interface Listening {
  app: FastifyInstance
  /** 0 on a unix socket. */
  port: number
  /** `http://` or `https://` and `localhost:port`. */
  url: string
  /** The certificate, as a client takes it; undefined without TLS. */
  ca: Buffer | undefined
  /** Stops as the gateway does. */
  close(timeoutMs?: number): Promise<void>
}

export interface ListeningOptions extends Partial<Omit<ListenerOptions, 'onRequest' | 'onUpgrade'>> {
  proxy: ProxyOptions
  static?: string
  maintenance?: MaintenanceOptions
  /** Default: one made for this test. Only used with `tls`. */
  certificate?: MadeCertificate
  tls?: boolean
  target?: ListenTarget
  prepare?(app: FastifyInstance): void
  /** How requests are named. Default: as Fastify does. */
  requestIds?: (request: IncomingMessage) => string
}

export async function listening(t: Cleanup, options: ListeningOptions): Promise<Listening> {
  const {
    proxy: proxyOptions,
    static: root,
    maintenance: maintenanceOptions,
    tls = false,
    prepare,
    certificate,
    target,
    requestIds,
    ...listener
  } = options
  const app = Fastify({
    rewriteUrl: keepRawTarget,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    ...(requestIds && { genReqId: requestIds })
  })
  prepare?.(app)
  await app.register(errorPages)
  await app.register(maintenance, maintenanceOptions ?? {})
  if (root !== undefined) await app.register(staticFirst, { root })
  await app.register(proxy, proxyOptions)
  await app.ready()
  const made = tls ? (certificate ?? makeCertificate(t)) : null
  const store = made === null ? {} : { certificates: createCertificateStore(loadCertificates([made])) }
  const where = target ?? { kind: 'tcp', host: '127.0.0.1', port: 0, tls }
  const opened = await openListener(where, { ...servedBy(() => app), ...store, ...listener })
  let closed: Promise<void> | null = null
  const close = (timeoutMs = 0): Promise<void> => {
    closed ??= opened.close(timeoutMs).then(() => app.close())
    return closed
  }
  t.after(() => close())
  const port = opened.target.kind === 'tcp' ? opened.target.port : 0
  const ca = made === null ? undefined : readFileSync(made.certPath)
  return { app, port, url: `${tls ? 'https' : 'http'}://localhost:${port}`, ca, close }
}

export interface Http2Answer {
  status: number
  headers: IncomingHttpHeaders
  /** In latin1. */
  body: string
  trailers: IncomingHttpHeaders
  /** The 1xx before it. */
  interim: IncomingHttpHeaders[]
}

/** An HTTP/2 client; closed when the test ends. */
export function http2Client(t: Cleanup, { url, ca }: Pick<Listening, 'url' | 'ca'>): ClientHttp2Session {
  const session = connect(url, { ...(ca === undefined ? {} : { ca }) })
  session.on('error', () => undefined)
  t.after(() => session.destroy())
  return session
}

/** Waits for the whole answer; fails with the code of a stream that was reset. */
export function answerOf(stream: ClientHttp2Stream, body?: string | Buffer): Promise<Http2Answer> {
  if (body !== undefined) stream.end(body)
  const answer: Http2Answer = { status: 0, headers: {}, body: '', trailers: {}, interim: [] }
  return new Promise((resolve, reject) => {
    stream.setEncoding('latin1')
    stream.on('response', (headers) => {
      answer.headers = headers
      answer.status = Number(headers[':status'])
    })
    stream.on('headers', (headers) => answer.interim.push(headers))
    stream.on('trailers', (trailers) => {
      answer.trailers = trailers
    })
    stream.on('data', (text: string) => {
      answer.body += text
    })
    stream.on('error', reject)
    stream.on('close', () => {
      if (stream.rstCode === 0 && answer.status !== 0) resolve(answer)
      else reject(new Error(`reset with code ${stream.rstCode} after ${answer.body.length} bytes`))
    })
  })
}
