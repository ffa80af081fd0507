import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { sized } from '../helpers/scale.ts'
import { requireTool } from '../helpers/tools.ts'
import { makeRequests, SENTINEL } from './cases.ts'
import { report, runFuzz } from './fuzz.ts'
import { openApp, send } from './lane.ts'
import { openGateway } from './proxies.ts'

const CASES = sized(1500, 100_000)
const CLOSED_CASES = sized(600, 20_000)
const FIXED_SEED = 9112

interface Kept {
  name: string
  bytes: string
  /** What the app must read, whole: method, target and body. */
  app: string[]
}

const corpus = JSON.parse(readFileSync(new URL('corpus.json', import.meta.url), 'utf8')) as Kept[]

test('what was found before, or tried elsewhere, stays right', async (t) => {
  const app = await openApp(t)
  const port = await openGateway(t, app.port)
  for (const { name, bytes, app: expected } of corpus) {
    await t.test(name, async () => {
      const { requests, unreadable } = await send(port, bytes + SENTINEL, app)
      const whole = requests.filter(({ isWhole }) => isWhole)
      const read = whole.map(({ method, target, body }) => [method, target, body].filter(Boolean).join(' '))
      assert.deepEqual(read.sort(), [...expected].sort())
      assert.equal(unreadable, false)
    })
  }
})

for (const seed of [FIXED_SEED, Math.floor(Math.random() * 2 ** 31)]) {
  test(`nothing reaches the app that nginx would have read differently (seed ${seed})`, async (t) => {
    const nginx = requireTool(t, 'nginx')
    if (nginx === undefined) return
    const { failures, counts } = await runFuzz(t, { seed, cases: CASES, maxFailures: 3, nginx })
    if (failures.length > 0) assert.fail(failures.map((failure) => report(failure, seed)).join('\n\n'))
    const passed = counts.find(([category]) => category === 'same: passed')?.[1] ?? 0
    assert.ok(passed > CASES / 10, 'enough requests pass both, so that there is something to compare')
  })
}

test('while a site is closed nothing reaches the app, whatever is sent', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const app = await openApp(t)
  const port = await openGateway(t, app.port, { isClosed: true })
  let number = 0
  let refused = 0
  const lane = async (): Promise<void> => {
    while (number < CLOSED_CASES) {
      const bytes = makeRequests(seed, number++)
      const { requests, answers } = await send(port, bytes + SENTINEL, app)
      assert.deepEqual(requests, [], `seed ${seed}: ${JSON.stringify(bytes)}`)
      assert.ok(!answers.includes('200'), `seed ${seed}: ${JSON.stringify(bytes)}`)
      if (answers.includes('503')) refused++
    }
  }
  await Promise.all(Array.from({ length: 6 }, lane))
  assert.ok(refused > CLOSED_CASES / 3, `${refused} of ${CLOSED_CASES} were requests that the gate has seen`)
})

test('a case is the same whatever was made before it', () => {
  assert.equal(makeRequests(1, 5), makeRequests(1, 5))
  assert.notEqual(makeRequests(1, 5), makeRequests(2, 5))
})
