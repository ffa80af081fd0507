import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import type { Readable } from 'node:stream'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { http2Client, type Listening, listening } from '../helpers/listening.ts'
import { MIB } from '../helpers/scale.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { httpUpstream, type Upstream } from '../helpers/upstream.ts'

const PIECE_BYTES = 200_000

/** The body of one answer: no two pieces of it, and no two answers, have anything in common. */
function* piecesOf(seed: number, size: number): Generator<Buffer> {
  for (let at = 0; at < size; at += PIECE_BYTES) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size - at))
    piece.fill(Buffer.from(`answer ${seed}, from byte ${at}. `))
    yield piece
  }
}

function digestOf(seed: number, size: number): string {
  const hash = createHash('sha256')
  for (const piece of piecesOf(seed, size)) hash.update(piece)
  return hash.digest('hex')
}

/** Answers `/FRAMING/SEED/SIZE` as fast as it is let. */
function largeUpstream(t: Cleanup): Promise<Upstream> {
  return httpUpstream(t, async ({ url = '' }, response) => {
    const [, framing, seed, size] = url.split('/')
    if (framing === 'length') response.setHeader('content-length', Number(size))
    for (const piece of piecesOf(Number(seed), Number(size))) {
      if (response.destroyed) return
      if (!response.write(piece))
        await new Promise((resolve) => response.once('drain', resolve).once('close', resolve))
    }
    response.end()
  })
}

/** Asks for a path; the answer has not been read. */
type Ask = (path: string) => Promise<Readable>

function overHttp1({ url, ca }: Listening): Ask {
  return (path) =>
    new Promise((resolve, reject) => {
      const take = (response: IncomingMessage): void => resolve(response)
      const options = { agent: false, ...(ca === undefined ? {} : { ca }) }
      const sent = ca === undefined ? getHttp(url + path, options, take) : getHttps(url + path, options, take)
      sent.on('error', reject)
    })
}

function overHttp2(t: Cleanup, gateway: Listening): Ask {
  return async (path) => {
    const stream = http2Client(t, gateway).request({ ':path': path })
    stream.on('error', () => undefined)
    await new Promise((resolve) => stream.once('response', resolve))
    return stream
  }
}

/** Reads all, with a rest after each so many bytes. */
async function digest(answer: Readable, restEvery: number): Promise<string> {
  const hash = createHash('sha256')
  let sinceRest = 0
  for await (const piece of answer as AsyncIterable<Buffer>) {
    hash.update(piece)
    sinceRest += piece.length
    if (sinceRest < restEvery) continue
    sinceRest = 0
    await sleep(20)
  }
  return hash.digest('hex')
}

const NEVER = Number.POSITIVE_INFINITY

async function readAtOnce(ask: Ask): Promise<void> {
  const wishes = [
    { framing: 'length', size: 50 * MIB, restEvery: 2 * MIB },
    { framing: 'chunked', size: 5 * MIB + 1, restEvery: MIB / 4 },
    { framing: 'length', size: 5 * MIB, restEvery: NEVER },
    { framing: 'chunked', size: 20 * MIB, restEvery: NEVER }
  ]
  const leaving = [1, 2, 3, 4, 5, 6, 7, 8].map(async (turn) => {
    const answer = await ask(`/length/${100 + turn}/${10 * MIB}`)
    await sleep(turn * 15)
    answer.on('error', () => undefined).destroy()
  })
  await Promise.all([
    ...leaving,
    ...wishes.map(async ({ framing, size, restEvery }, seed) => {
      const got = await digest(await ask(`/${framing}/${seed}/${size}`), restEvery)
      assert.equal(got, digestOf(seed, size), `${framing}, ${size} bytes`)
    })
  ])
}

test('large answers reach slow and quick clients byte for byte while others leave', async (t) => {
  const upstream = await largeUpstream(t)
  await readAtOnce(overHttp1(await listening(t, { proxy: { upstream: upstream.url } })))
})

test('the same holds over TLS', async (t) => {
  const upstream = await largeUpstream(t)
  await readAtOnce(overHttp1(await listening(t, { proxy: { upstream: upstream.url }, tls: true })))
})

test('the same holds over HTTP/2', async (t) => {
  const upstream = await largeUpstream(t)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  await readAtOnce(overHttp2(t, gateway))
})

test('what a client has not taken yet stays as it is, also after the end of its answer', async (t) => {
  const upstream = await largeUpstream(t)
  const ask = overHttp1(await listening(t, { proxy: { upstream: upstream.url } }))
  // The kernel keeps some megabytes for a client that does not read. Of these sizes some leave a last piece to us.
  const waiting = Array.from({ length: 64 }, async (_, seed) => {
    const size = 2 * MIB + seed * 150_000
    const answer = await ask(`/length/${seed}/${size}`)
    await sleep(500)
    assert.equal(await digest(answer, NEVER), digestOf(seed, size), `${size} bytes`)
  })
  await sleep(250)
  for (let seed = 100; seed < 105; seed++)
    assert.equal(await digest(await ask(`/length/${seed}/${8 * MIB}`), NEVER), digestOf(seed, 8 * MIB))
  await Promise.all(waiting)
})
