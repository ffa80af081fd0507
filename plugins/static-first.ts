/**
 * Answers with a file where there is one, and leaves everything else to what comes after: nginx's
 * `try_files $uri @app`.
 *
 * Decorates nothing of its own (`reply.sendFile` comes with @fastify/static). Uses `fastify.errorPages` when it is
 * there. Register it after error-pages and maintenance, and before the routes and the proxy.
 */
import { type BigIntStats, ReadStream, statSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { InputError, IntermissionError } from '../src/errors.ts'
import { refuseUnknown } from '../src/known-options.ts'
import { observationOf } from '../src/observation.ts'
import { type Answers, createAnswers } from '../src/pages/answers.ts'
import { rawTarget } from '../src/raw-target.ts'
import { evaluate, type Outcome } from '../src/static/conditions.ts'
import { filePathOf } from '../src/static/file-path.ts'
import { findFile } from '../src/static/find-file.ts'
import { type FileCoding, findCompressed } from '../src/static/precompressed.ts'

/** Which files are served. */
export interface StaticFirstOptions {
  /** The folder of files, looked at anew for every request. */
  root: string
  /**
   * Serve what symbolic links inside the folder point to outside of it. Default false: such a link is no file, and the
   * app is asked.
   */
  followLinks?: boolean
  /**
   * Serve `app.js.br` or `app.js.gz`, where they lie beside `app.js` and are not older, to clients that take them (nginx:
   * `gzip_static`). Default false.
   */
  precompressed?: boolean
}

const OPTIONS: Record<keyof StaticFirstOptions, true> = { root: true, followLinks: true, precompressed: true }
const CONDITIONS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range'
]

async function staticFirst(fastify: FastifyInstance, options: StaticFirstOptions): Promise<void> {
  refuseUnknown('static-first', options, OPTIONS)
  const { root, followLinks, precompressed } = checkOptions(options)
  const find = (path: string): BigIntStats | undefined => findFile(root, path, { followLinks })
  if (fastify.hasReplyDecorator('sendFile')) {
    const text =
      'static-first: @fastify/static is registered already; register static-first first, and @fastify/static with decorateReply: false'
    throw new IntermissionError('ERR_PLUGIN_MISUSE', text)
  }
  await fastify.register(fastifyStatic, { serve: false, root, preCompressed: precompressed })
  const shared = fastify.hasDecorator('errorPages') ? fastify.getDecorator<Answers>('errorPages') : undefined
  const answers = shared ?? createAnswers({ log: fastify.log })
  if (shared === undefined) fastify.addHook('onClose', async () => answers.close())

  // A callback hook that does not call done() once it answers: an async one would go on to the app when a client
  // leaves in the middle of a download.
  fastify.addHook('onRequest', (request, reply, done) => {
    const { method } = request.raw
    const target = rawTarget(request.raw)
    if (method === 'CONNECT' || (method === 'OPTIONS' && target === '*')) {
      done()
      return
    }
    const found = filePathOf(target)
    if (found === 'malformed') {
      refuse(request, reply, 400, [], true)
      return
    }
    const file = found === 'elsewhere' ? undefined : find(found.path)
    if (found === 'elsewhere' || file === undefined) done()
    else if (method !== 'GET' && method !== 'HEAD') refuse(request, reply, 405, ['Allow', 'GET, HEAD'])
    else serve(request, reply, { path: found.path, file, onGone: done })
  })

  function serve(
    request: FastifyRequest,
    reply: FastifyReply,
    { path, file, onGone }: { path: string; file: BigIntStats; onGone: () => void }
  ): void {
    const { headers } = request.raw
    const compressed = precompressed ? findCompressed(path, file, headers['accept-encoding'], find) : null
    if (compressed !== null) file = compressed.file
    const coding = compressed?.coding ?? null
    const size = Number(file.size)
    const etag = `"${file.mtimeNs.toString(16)}-${file.size.toString(16)}${coding === null ? '' : `-${coding}`}"`
    const modifiedSeconds = Number(file.mtimeNs / 1_000_000_000n)
    const outcome = evaluate(request.raw.method ?? 'GET', headers, {
      etag,
      modifiedSeconds,
      size
    })
    if (outcome.status === 412) refuse(request, reply, 412)
    else if (outcome.status === 416) refuse(request, reply, 416, ['Content-Range', `bytes */${size}`])
    else {
      const observation = observationOf(reply.raw)
      if (observation !== undefined) observation.answeredBy = 'files'
      reply.headers({
        etag,
        'last-modified': new Date(modifiedSeconds * 1000).toUTCString(),
        'accept-ranges': 'bytes',
        ...(precompressed ? { vary: 'Accept-Encoding' } : {})
      })
      if (outcome.status === 304) reply.code(304).send()
      else sendFile(reply, { root, path, coding, size, outcome, onGone })
    }
  }

  function refuse(
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    headers: string[] = [],
    close = false
  ): void {
    reply.hijack()
    answers.write(request.raw, reply.raw, { status, reason: null, requestId: request.id, headers, close })
  }
}

interface Sending {
  root: string
  path: string
  coding: FileCoding | null
  size: number
  outcome: Outcome
  onGone: () => void
}

function sendFile(reply: FastifyReply, { root, path, coding, size, outcome, onGone }: Sending): void {
  // They have been judged, by rules that @fastify/send does not share. The raw headers keep what the client sent.
  for (const name of CONDITIONS) delete reply.request.raw.headers[name]
  // The choice has been made, and is the only one that @fastify/static is given.
  reply.request.raw.headers['accept-encoding'] = coding ?? 'identity'
  let part: { start?: number; end?: number } = {}
  if (outcome.status === 206) {
    part = { start: outcome.start, end: outcome.end }
    reply.code(206).header('content-range', `bytes ${part.start}-${part.end}/${size}`)
  }
  // Deleted since we looked: then it is as if it had never been there.
  const callNotFound = (): void => {
    for (const name of ['etag', 'last-modified', 'accept-ranges', 'content-range', 'vary'])
      reply.removeHeader(name)
    reply.code(200)
    onGone()
  }
  Object.assign(reply, { callNotFound })
  cutWhenShort(reply.raw)
  const own = { acceptRanges: false, etag: false, lastModified: false, cacheControl: false, index: false }
  reply.sendFile(path, root, { ...own, ...part, dotfiles: 'allow' } as Parameters<
    FastifyReply['sendFile']
  >[2])
}

// A file that shrinks while it is sent would leave the connection out of step: the client takes the next answer for the
// rest of this one.
function cutWhenShort(response: ServerResponse): void {
  response.once('pipe', (source) => {
    if (!(source instanceof ReadStream)) return
    source.prependOnceListener('end', () => {
      if (source.bytesRead < Number(response.getHeader('content-length'))) response.destroy()
    })
  })
}

function checkOptions({
  root,
  followLinks = false,
  precompressed = false
}: StaticFirstOptions): Required<StaticFirstOptions> {
  const allowed = 'the path of a directory'
  if (typeof root !== 'string' || root === '') throw new InputError('root', root, allowed)
  if (typeof followLinks !== 'boolean') throw new InputError('followLinks', followLinks, 'true or false')
  if (typeof precompressed !== 'boolean')
    throw new InputError('precompressed', precompressed, 'true or false')
  const full = resolve(root)
  if (statSync(full, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new InputError('root', root, allowed)
  return { root: full, followLinks, precompressed }
}

export { staticFirst }
export default fp(staticFirst, { name: 'fastify-intermission/static-first', fastify: '5.x' })
