import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type FuzzCase, makeCase } from './cases.ts'
import { judge } from './compare.ts'
import { report, runFuzz } from './fuzz.ts'
import { readWithClient } from './node-client.ts'
import { createNodeReader } from './node-reader.ts'
import { readOurs } from './our-reader.ts'
import type { HeadRead, Reading } from './reading.ts'

const SHORT_RUN_CASES = 20_000
const CLIENT_CASES = 2000
const FIXED_SEED = 9112

type CorpusEntry = Partial<Omit<FuzzCase, 'packets'>> & {
  name: string
  packets: string[]
  /** The category. */
  expect: string
  /** The category where a newer parser of Node's takes what an older one refused. */
  newerNode?: string
}

const corpus = JSON.parse(readFileSync(new URL('corpus.json', import.meta.url), 'utf8')) as CorpusEntry[]
const DEFAULTS: Omit<FuzzCase, 'packets'> = {
  method: 'GET',
  upgrade: false,
  requestBody: 'none',
  ending: 'end',
  reused: false,
  pauseEvery: 0,
  abortAt: 0,
  sound: null
}

for (const { name, packets, expect, newerNode = expect, ...rest } of corpus) {
  test(`found before: ${name}`, () => {
    const fuzz = { ...DEFAULTS, ...rest, packets: packets.map((packet) => Buffer.from(packet, 'latin1')) }
    const category = judge(fuzz, createNodeReader())
    assert.ok([expect, newerNode].includes(category), category)
  })
}

for (const seed of [FIXED_SEED, Math.floor(Math.random() * 2 ** 31)]) {
  test(`reads responses as Node does, or more strictly (seed ${seed})`, async () => {
    const { failures, counts } = await runFuzz({ seed, cases: SHORT_RUN_CASES, maxFailures: 3 })
    if (failures.length > 0) assert.fail(failures.map((failure) => report(failure, seed)).join('\n\n'))
    const total = counts.reduce((sum, [, count]) => sum + count, 0)
    const whole = counts.find(([category]) => category === 'same: complete')?.[1] ?? 0
    assert.equal(total, SHORT_RUN_CASES)
    assert.ok(
      whole > SHORT_RUN_CASES / 5,
      'enough responses are whole, so that there is something to compare'
    )
  })
}

test('a case is the same whatever was made before it', () => {
  assert.deepEqual(makeCase(1, 2 ** 33 + 5), makeCase(1, 2 ** 33 + 5))
  assert.notDeepEqual(makeCase(1, 5), makeCase(1, 2 ** 33 + 5))
  assert.notDeepEqual(makeCase(1, 5), makeCase(2, 5))
})

test('the bare parser stands for the client of node:http', async () => {
  const readNode = createNodeReader()
  for (let number = 0; number < CLIENT_CASES; number++) {
    const fuzz = makeCase(FIXED_SEED, number)
    // node:http reports a reset inside a body without a length, and then ends that body as if it were whole.
    if (fuzz.ending === 'reset') continue
    assert.deepEqual(essence(await readWithClient(fuzz)), essence(readNode(fuzz)), `case ${number}`)
  }
})

// Of a response that is not whole the client may keep to itself what came together with the error.
test('what comes with a change of protocols in one packet is handed on whole', () => {
  const later = Buffer.from(`HTTP/1.1 200 OK\r\n${'y'.repeat(100_000)}`)
  const head = Buffer.from(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
  )
  const fuzz = { ...DEFAULTS, upgrade: true, packets: [Buffer.concat([head, later])] }
  assert.equal(judge(fuzz, createNodeReader()), 'same: upgrade')
  assert.ok(readOurs(fuzz).rest === later.toString())
})

function essence({ end, interims, head, body, trailers, rest }: Reading): object {
  const withoutVersion = (read: HeadRead | null): object | null => read && { ...read, version: '' }
  const whole = end === 'complete' ? { body, trailers } : {}
  return { end, interims: interims.map(withoutVersion), head: withoutVersion(head), rest, ...whole }
}
