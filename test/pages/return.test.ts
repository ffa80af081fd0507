import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAnswers, type Problem } from '../../src/pages/answers.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { openWaitingPage, type WaitingPage, type WaitingPageOptions } from './waiting-page.ts'

// The script of the built-in page against a real server. That it works in a browser is in test/browser/.

interface Site {
  /** What the status says. A number is the status of an answer that says nothing. */
  state: string | number
  /** When the status was asked, and when a page was loaded again, in milliseconds. */
  readonly asked: number[]
  readonly returned: number[]
  open(problem?: Problem, options?: WaitingPageOptions): Promise<WaitingPage>
}

const GONE: Problem = { status: 502, reason: 'upstream-unreachable' }

async function site(t: Cleanup, returnSpreadMs = 0): Promise<Site> {
  const answers = createAnswers({ returnSpreadMs })
  let problem = GONE
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/.intermission/status') === true) {
      it.asked.push(performance.now())
      if (typeof it.state === 'number') response.writeHead(it.state).end('no JSON')
      else response.setHeader('content-type', 'application/json').end(JSON.stringify({ state: it.state }))
    } else if (request.headers['x-reload'] !== undefined) {
      it.returned.push(performance.now())
      response.end('the app')
    } else answers.write(request, response, problem)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    answers.close()
    server.closeAllConnections()
    server.close()
  })
  const it: Site = {
    state: 'down',
    asked: [],
    returned: [],
    open(what = GONE, options = {}) {
      problem = what
      const { port } = server.address() as AddressInfo
      return openWaitingPage(`http://127.0.0.1:${port}/shop/cart`, options)
    }
  }
  return it
}

/** Milliseconds until it returns, as the page sees them. */
async function returnOf(page: WaitingPage): Promise<number> {
  for (let steps = 0; !page.isReloaded; steps++) {
    assert.ok(steps < 100, 'it never returns')
    await page.step()
  }
  return page.elapsedMs
}

test('200 who wait return spread over the configured time, and none before the gateway says up', async (t) => {
  const spreadMs = 3000
  const shop = await site(t, spreadMs)
  await Promise.all(Array.from({ length: 200 }, () => shop.open(GONE, { realTime: true })))
  await sleep(2500)
  assert.deepEqual(shop.returned, [])
  assert.ok(shop.asked.length >= 200, `only ${shop.asked.length} have asked`)
  const upMs = performance.now()
  shop.state = 'up'
  await sleep(spreadMs + 2600)
  const after = shop.returned.map((at) => at - upMs)
  assert.equal(after.length, 200)
  const counts = Array.from(
    { length: 12 },
    (_, half) => after.filter((ms) => Math.floor(ms / 500) === half).length
  )
  t.diagnostic(`returned in each half second: ${counts.join(' ')}`)
  // A sixth of them each half second, if the spread is even; and room for chance.
  assert.ok(Math.max(...counts) < 60)
  assert.ok(Math.max(...after) > spreadMs * 0.8)
})

test('only a clear yes brings anybody back', async (t) => {
  const shop = await site(t)
  const page = await shop.open()
  for (const state of ['down', 'maintenance', 'hold', 'starting', 502, 429, 200, 404]) {
    shop.state = state
    await page.step()
    assert.match(page.text, /taken back as soon as it works/)
  }
  assert.equal(page.isReloaded, false)
  shop.state = 'up'
  await page.step()
  assert.match(page.text, /It works again/)
  await page.step()
  assert.equal(shop.returned.length, 1)
})

test('in read-only a page that was merely asked for returns, and one that answers a form waits', async (t) => {
  const shop = await site(t)
  shop.state = 'read-only'
  await returnOf(await shop.open())
  const form = await shop.open(GONE, { method: 'POST' })
  await form.step()
  assert.match(form.text, /We will tell you here/)
})

test('a page that answers a form says that it works again, goes on looking, and never loads anything', async (t) => {
  const shop = await site(t)
  const page = await shop.open(GONE, { method: 'POST' })
  for (const round of [1, 2, 3]) {
    shop.state = 'up'
    await page.step()
    assert.match(page.text, /You can go back and send your form now/, `round ${round}`)
    shop.state = 'down'
    await page.step()
    assert.match(page.text, /We will tell you here/)
  }
  assert.deepEqual(shop.returned, [])
})

test('a hidden tab does not ask, and asks at once when it is shown', async (t) => {
  const shop = await site(t)
  const page = await shop.open()
  page.hide()
  await assert.rejects(page.step(), /wants to do nothing/)
  shop.state = 'up'
  page.show()
  assert.ok((await returnOf(page)) < 600)
  const leaving = await shop.open()
  await leaving.step()
  leaving.hide()
  await assert.rejects(leaving.step(), /wants to do nothing/)
})

test('who came back in vain waits ever longer', async (t) => {
  const shop = await site(t)
  shop.state = 'up'
  const storage = {}
  assert.ok((await returnOf(await shop.open(GONE, { storage }))) < 2000)
  const waits: number[] = []
  for (let again = 1; again <= 7; again++) {
    const ms = await returnOf(await shop.open(GONE, { storage, reloaded: true }))
    const wanted = Math.min(120_000, 2000 * 2 ** again)
    assert.ok(ms >= wanted * 0.74 && ms < wanted * 1.26 + 100, `${ms} for ${wanted}`)
    waits.push(ms)
  }
  t.diagnostic(`waits in seconds: ${waits.map((ms) => (ms / 1000).toFixed(1)).join(' ')}`)
  // Not loaded again by us: the app has answered in between, and this is a new failure.
  assert.ok((await returnOf(await shop.open(GONE, { storage }))) < 2000)
})

test('where nothing can be stored, a page that was loaded again waits as well', async (t) => {
  const shop = await site(t)
  shop.state = 'up'
  assert.ok((await returnOf(await shop.open(GONE, { storage: null }))) < 2000)
  assert.ok((await returnOf(await shop.open(GONE, { storage: null, reloaded: true }))) > 10_000)
})

test('what was too much a moment ago is left in peace for a while', async (t) => {
  const shop = await site(t)
  shop.state = 'up'
  for (const problem of [
    { status: 504, reason: 'upstream-timeout' },
    { status: 503, reason: 'overloaded' }
  ]) {
    const ms = await returnOf(await shop.open(problem))
    assert.ok(ms > 8900 && ms < 15_200, `${problem.reason} ${ms}`)
  }
})

test('the distance between two questions grows with the wait, to about fifteen seconds', async (t) => {
  const shop = await site(t)
  const page = await shop.open()
  const at: number[] = []
  while (page.elapsedMs < 900_000) {
    await page.step()
    at.push(page.elapsedMs)
  }
  const all = at.map((ms, index) => ms - (at[index - 1] ?? 0))
  // The second of two questions hears what the first made the gateway find out.
  const gaps = all.filter((ms) => ms > 400)
  assert.ok(all.slice(-10).some((ms) => ms < 400))
  t.diagnostic(
    `${at.filter((ms) => ms < 60_000).length} questions in the first minute, ${at.length} in a quarter of an hour`
  )
  assert.ok(gaps[0]! > 700 && gaps[0]! < 1300)
  assert.ok(Math.max(...gaps) < 19_000)
  assert.ok(Math.min(...gaps.slice(-10)) > 11_000)
})
