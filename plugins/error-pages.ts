/**
 * Gives the whole app one voice for errors: pages for people, problem+json for scripts, never a stack or an address.
 *
 * Decorates `fastify.errorPages`. Needs nothing. Register it first: maintenance, static-first and proxy answer with its
 * pages, and Fastify uses an error handler only for what is registered after it.
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { BrandOptions } from '../src/brand.ts'
import { InputError, IntermissionError } from '../src/errors.ts'
import { refuseUnknown } from '../src/known-options.ts'
import { type Answers, createAnswers } from '../src/pages/answers.ts'
import { ASSETS_PATH } from '../src/pages/assets.ts'
import { rawTarget } from '../src/raw-target.ts'

/** Whose pages are shown, and how the built-in ones look. */
export interface ErrorPagesOptions {
  /**
   * Folder of your own pages: `502.html`, `50x.html`, `maintenance.html`, each also as `502.fr.html`. Edits show at
   * once. Default: the built-in pages.
   */
  dir?: string | undefined
  /** Name, colour, logo and support link of the site, for the built-in pages. Default none. */
  brand?: BrandOptions | undefined
  /** Milliseconds over which visitors who wait return once the app answers again. Default 2000. */
  returnSpreadMs?: number | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    errorPages: Answers
  }
}

const LATER = ['maintenance', 'proxy'] as const
const OPTIONS: Record<keyof ErrorPagesOptions, true> = { dir: true, brand: true, returnSpreadMs: true }
const OF_BRAND: Record<keyof BrandOptions, true> = { name: true, color: true, logo: true, supportUrl: true }

async function errorPages(fastify: FastifyInstance, options: ErrorPagesOptions): Promise<void> {
  refuseUnknown('error-pages', options, OPTIONS)
  if (options.brand !== undefined) refuseUnknown('error-pages: brand', options.brand, OF_BRAND)
  for (const name of ['errorPages', ...LATER]) {
    if (!fastify.hasDecorator(name)) continue
    const text =
      name === 'errorPages'
        ? 'error-pages is registered already; register it once'
        : `error-pages is registered after ${name}, which has its pages already; register error-pages first`
    throw new IntermissionError('ERR_PLUGIN_MISUSE', text)
  }
  const answers = open(fastify, options)
  fastify.decorate('errorPages', answers)
  // Before the gate: a page needs its files in every mode.
  fastify.addHook('onRequest', (request, reply, done) => {
    const target = rawTarget(request.raw)
    if (!target.startsWith(ASSETS_PATH)) {
      done()
      return
    }
    reply.hijack()
    answers.writeAsset(request.raw, reply.raw, target)
  })
  fastify.addHook('onClose', async () => answers.close())

  fastify.setErrorHandler((error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const status = statusOf(error, reply)
    // What the app says about a client's mistake is the app's own.
    if (status < 500) {
      reply.send(error)
      return
    }
    // Who has left makes streams fail, and no app did.
    const isGone = reply.raw.destroyed || request.raw.socket.destroyed
    request.log[isGone ? 'debug' : 'error']({ err: error, reqId: request.id }, 'request failed')
    reply.hijack()
    answers.write(request.raw, reply.raw, {
      status,
      reason: null,
      mayHaveArrived: true,
      requestId: request.id
    })
  })
}

function open(fastify: FastifyInstance, { dir, brand, returnSpreadMs }: ErrorPagesOptions): Answers {
  if (dir !== undefined && (typeof dir !== 'string' || dir === '')) {
    throw new InputError('dir', dir, 'the path of a readable directory')
  }
  try {
    // Who is in maintenance says whether the app answers again.
    const returns = (): boolean => fastify.hasDecorator('maintenance')
    return createAnswers({ pagesDir: dir, brand, returnSpreadMs, returns, log: fastify.log })
  } catch (cause) {
    if (!(cause instanceof InputError) || cause.field !== 'pagesDir') throw cause
    throw new InputError('dir', dir, cause.allowed, { cause })
  }
}

// As Fastify's own handler has it: an error without a status is a 500, whatever was thrown.
function statusOf(error: unknown, reply: FastifyReply): number {
  const { statusCode, status } = (error ?? {}) as { statusCode?: unknown; status?: unknown }
  const given = Number(statusCode ?? status)
  if (given >= 400) return given
  return reply.statusCode >= 400 ? reply.statusCode : 500
}

export { errorPages }
export default fp(errorPages, { name: 'fastify-intermission/error-pages', fastify: '5.x' })
