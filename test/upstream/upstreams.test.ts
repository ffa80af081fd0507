import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { front } from '../helpers/front.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { httpUpstream, okUpstream, type Upstream } from '../helpers/upstream.ts'

const counts = (upstreams: Upstream[]): number[] => upstreams.map(({ seen }) => seen.length)

test('several upstreams take turns when they are equally busy', async (t) => {
  const upstreams = [await okUpstream(t), await okUpstream(t), await okUpstream(t)]
  for (const balance of ['least-busy', 'round-robin'] as const) {
    const { url } = await front(t, { upstream: upstreams.map((upstream) => upstream.url), balance })
    for (let i = 0; i < 9; i++) assert.equal((await fetch(url)).status, 200)
  }
  assert.deepEqual(counts(upstreams), [6, 6, 6])
})

test('the least busy upstream gets the next request', async (t) => {
  const slow = await httpUpstream(t, () => undefined)
  const quick = await okUpstream(t)
  const { url, port } = await front(t, { upstream: [slow.url, quick.url] })
  // By turns the first two go to one each; the one that hangs is busy from then on.
  const hanging = await rawClient(t, port)
  hanging.send('GET /1 HTTP/1.1\r\nHost: h\r\n\r\n')
  await sleep(20)
  const second = await rawClient(t, port)
  second.send('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n')
  await sleep(20)
  for (let i = 0; i < 8; i++) assert.equal((await fetch(url)).status, 200)
  assert.ok(quick.seen.length >= 8)
  hanging.socket.destroy()
  second.socket.destroy()
})

test('an upstream that refuses is passed over, for every method, and used again when it is back', async (t) => {
  const first = await okUpstream(t)
  const second = await okUpstream(t)
  const { url, app } = await front(t, { upstream: [first.url, second.url] })
  await first.stop()
  for (let i = 0; i < 10; i++) {
    const response = await fetch(url, { method: 'POST', body: 'x'.repeat(50_000) })
    assert.equal(response.status, 200)
  }
  assert.deepEqual([first.seen.length, second.seen.length], [0, 10])
  assert.equal(app.proxy.upstreams[0]!.breaker, 'open')
  await first.start()
  await sleep(250)
  assert.equal(app.proxy.upstreams[0]!.breaker, 'closed')
  for (let i = 0; i < 4; i++) await fetch(url)
  assert.ok(first.seen.length >= 1)
})

test('a dead upstream is found out once for all who wait, and a returned one by the next request', async (t) => {
  const upstream = await okUpstream(t)
  const { url, app } = await front(t, { upstream: upstream.url })
  await upstream.stop()
  const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(url)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([502]))
  assert.equal(app.proxy.upstreams[0]!.breaker, 'open')
  for (let round = 0; round < 20; round++) {
    await upstream.start()
    assert.equal((await fetch(url)).status, 200)
    await upstream.stop()
    assert.equal((await fetch(url)).status, 502)
  }
})

test('an upstream that swallows packets costs the first request its time-out, and no later one', async (t) => {
  // A stopped process accepts nothing: once its queue is full, the kernel drops what else wants to connect.
  const script =
    "const s = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))"
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  child.kill('SIGSTOP')
  for (let i = 0; i < 4; i++) {
    const filler = connect(port, '127.0.0.1').on('error', () => undefined)
    t.after(() => filler.destroy())
  }
  await sleep(100)
  const { url } = await front(t, { upstream: `http://127.0.0.1:${port}`, connectTimeoutMs: 300 })
  const timed = async (): Promise<[number, number]> => {
    const start = performance.now()
    return [(await fetch(url)).status, performance.now() - start]
  }
  const [first, firstMs] = await timed()
  assert.deepEqual([first, firstMs >= 295], [504, true])
  const [second, secondMs] = await timed()
  assert.deepEqual([second, secondMs < 250], [504, true])
})

test('requests wait for an app that restarts, are sent once and in order', async (t) => {
  const order: string[] = []
  const upstream = await httpUpstream(t, (request, response) => {
    request.resume()
    request.on('end', () => {
      order.push(request.url ?? '')
      response.end('ok')
    })
  })
  const { url, app } = await front(t, { upstream: upstream.url, holdOnRefusedMs: 5000 })
  await upstream.stop()
  const asked: string[] = []
  const answers: Promise<Response>[] = []
  for (let i = 0; i < 20; i++) {
    asked.push(`/${i}`)
    answers.push(fetch(`${url}/${i}`, i % 2 ? { method: 'POST', body: 'x' } : {}))
    await sleep(5)
  }
  await waitUntil(() => app.proxy.held === 20)
  assert.equal(app.proxy.inFlight, 0)
  await upstream.start()
  for (const answer of answers) assert.equal((await answer).status, 200)
  assert.deepEqual([...order].sort(), [...asked].sort())
  assert.equal(app.proxy.held, 0)
})

test('the wait for an app ends with 502 in time, and a client that leaves frees its place', async (t) => {
  const upstream = await okUpstream(t)
  const { url, port, app } = await front(t, { upstream: upstream.url, holdOnRefusedMs: 400 })
  await upstream.stop()
  const client = await rawClient(t, port)
  client.send('GET /gone HTTP/1.1\r\nHost: h\r\n\r\n')
  const start = performance.now()
  const waiting = fetch(url)
  await waitUntil(() => app.proxy.held === 2)
  client.socket.resetAndDestroy()
  await waitUntil(() => app.proxy.held === 1)
  assert.ok(performance.now() - start < 390, 'it is free before the wait is over')
  assert.equal((await waiting).status, 502)
  const tookMs = performance.now() - start
  assert.ok(tookMs >= 390 && tookMs < 800, `${tookMs}`)
})

test('an upstream that fails its checks gets no requests while another passes', async (t) => {
  let ill = true
  const shaky = await httpUpstream(t, (request, response) => {
    response.statusCode = request.url === '/healthz' && ill ? 503 : 200
    response.end('shaky')
  })
  const steady = await httpUpstream(t, (_request, response) => {
    response.end('steady')
  })
  const { url, app } = await front(t, {
    upstream: [shaky.url, steady.url],
    healthCheck: '/healthz',
    healthIntervalMs: 30
  })
  await sleep(120)
  assert.deepEqual(
    app.proxy.upstreams.map(({ isHealthy }) => isHealthy),
    [false, true]
  )
  for (let i = 0; i < 6; i++) assert.equal(await (await fetch(url)).text(), 'steady')
  assert.equal(app.proxy.inFlight, 0)
  ill = false
  await sleep(80)
  const bodies = new Set<string>()
  for (let i = 0; i < 6; i++) bodies.add(await (await fetch(url)).text())
  assert.deepEqual([...bodies].sort(), ['shaky', 'steady'])
})

test('checks by connection find an app that nobody asks for', async (t) => {
  const upstream = await okUpstream(t)
  const { app } = await front(t, { upstream: upstream.url, healthCheck: 'tcp', healthIntervalMs: 20 })
  await upstream.stop()
  await sleep(150)
  assert.deepEqual([app.proxy.upstreams[0]!.breaker, app.proxy.upstreams[0]!.isHealthy], ['open', false])
})
