import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answers, type AnswersOptions, createAnswers } from '../pages/answers.ts'
import { type Sample, samplePages } from '../pages/samples.ts'
import { previewIndex } from './preview-index.ts'

/** A server of sample pages for a designer. */
export interface PreviewServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves every sample in every language, made just as a gateway makes them: `/fr/maintenance-until`. The site stays down,
 * so that the pages stay.
 *
 * @param port on the loopback; 0 takes a free one
 * @param nowMs what the samples take for now
 */
export async function startPreview(
  options: AnswersOptions,
  port: number,
  nowMs = Date.now()
): Promise<PreviewServer> {
  const answers = createAnswers(options)
  const samples = samplePages(nowMs)
  const server = createServer((request, response) => serve(answers, samples, request, response))
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
  } catch (error) {
    answers.close()
    throw error
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      answers.close()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
}

function serve(
  answers: Answers,
  samples: readonly Sample[],
  request: IncomingMessage,
  response: ServerResponse
): void {
  const target = request.url ?? '/'
  if (answers.writeAsset(request, response, target)) return
  const { pathname, searchParams } = new URL(target, 'http://127.0.0.1')
  const [, language = '', name] = pathname.split('/')
  const sample = samples.find((one) => one.name === name)
  if (pathname === '/.intermission/status') sendStatus(samples, searchParams.get('path') ?? '', response)
  else if (sample !== undefined) {
    // As if a visitor had sent it: what makes pages differ is the method and the language.
    request.method = sample.method
    Object.assign(request.headers, { accept: 'text/html', 'accept-language': language })
    delete request.headers['sec-fetch-dest']
    answers.write(request, response, sample.problem)
  } else if (pathname === '/') {
    const wanted = searchParams.get('language') ?? ''
    const html = previewIndex(samples, answers.languages, wanted)
    response
      .setHeader('Content-Type', 'text/html; charset=utf-8')
      .setHeader('Cache-Control', 'no-store')
      .end(html)
  } else answers.write(request, response, { status: 404, reason: null })
}

function sendStatus(samples: readonly Sample[], path: string, response: ServerResponse): void {
  const problem = samples.find(({ name }) => path.endsWith(`/${name}`))?.problem
  const { message = null, until = null } = problem ?? {}
  const body = JSON.stringify({ state: 'down', message, until, retryAfterSeconds: null, next: null })
  response.setHeader('Content-Type', 'application/json').setHeader('Cache-Control', 'no-store').end(body)
}
