import assert from 'node:assert/strict'
import test from 'node:test'
import { hangingUpstream, httpUpstream, readRequest } from '../helpers/upstream.ts'
import { HOST, pause, wire } from './wire.ts'

const NEXT = `GET /next HTTP/1.1\r\n${HOST}\r\n`
const post = (body: string, fields = ''): string =>
  `POST /a HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n${fields}\r\n${body}`

test('requests in one packet are answered in their order, with and without bodies', async (t) => {
  const { talk } = await wire(t)
  const chunked = `POST /c HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`
  const { answers, end } = await talk(post('xy') + NEXT + chunked + NEXT, { answers: 4 })
  assert.deepEqual(
    answers.map(({ body }) => body),
    ['POST /a xy', 'GET /next', 'POST /c abc', 'GET /next']
  )
  assert.equal(end, 'open')
})

test('what follows a request that asks to close is not read, and the request is answered', async (t) => {
  const { talk, upstream } = await wire(t)
  const { answers, end } = await talk(post('xy', 'Connection: close\r\n') + NEXT)
  assert.deepEqual([answers.map(({ body }) => body), end], [['POST /a xy'], 'end'])
  assert.equal(upstream.seen.length, 1)
})

test('garbage after a whole request costs that request nothing: its answer comes, then a 400 and the end', async (t) => {
  const { talk } = await wire(t)
  for (const garbage of ['garbage\r\n\r\n', '\x00\x01', 'GET / HTTP/9.9\r\n\r\n']) {
    const { statuses, answers, end } = await talk(post('xy') + garbage, { answers: 2 })
    assert.equal(answers[0]?.body, 'POST /a xy')
    assert.deepEqual([statuses[1], statuses.length, end], [garbage.startsWith('GET') ? 505 : 400, 2, 'end'])
  }
})

test('a request that is refused for its target ends the connection, so that nothing after it is misread', async (t) => {
  const { talk, upstream } = await wire(t)
  const { statuses, end } = await talk(`GET /%zz HTTP/1.1\r\n${HOST}\r\n${NEXT}`)
  assert.deepEqual([statuses, end], [[400], 'end'])
  assert.equal(upstream.seen.length, 0)
})

test('empty lines in front of a request are skipped', async (t) => {
  const { talk } = await wire(t)
  assert.deepEqual((await talk(`\r\n\r\n${NEXT}\r\n${NEXT}`, { answers: 2 })).statuses, [200, 200])
})

test('a request whose body is broken takes nothing from those before it: their answers come, then a 400', async (t) => {
  const { talk, upstream } = await wire(t)
  const broken = `POST /b HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`
  for (const before of [1, 2, 20]) {
    const { statuses, end } = await talk(NEXT.repeat(before) + broken, { answers: before + 1 })
    assert.deepEqual([statuses, end], [[...Array<number>(before).fill(200), 400], 'end'])
  }
  assert.ok(upstream.seen.every(({ method }) => method === 'GET'))
})

test('the app is asked for one request of a connection after the other, as by nginx', async (t) => {
  let busy = 0
  const order: string[] = []
  const upstream = await httpUpstream(t, async (request, response, seen) => {
    busy++
    await readRequest(request, seen)
    order.push(`${request.url} ${busy}`)
    await pause(request.url === '/0' ? 60 : 1)
    busy--
    response.end(request.url)
  })
  const { talk } = await wire(t, { proxy: { upstream: upstream.url } })
  const ask = (n: number): string =>
    n % 3 === 1
      ? `POST /${n} HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nab`
      : `GET /${n} HTTP/1.1\r\n${HOST}\r\n`
  const { answers } = await talk(Array.from({ length: 100 }, (_, n) => ask(n)).join(''), { answers: 100 })
  assert.deepEqual(
    answers.map(({ body }) => body),
    Array.from({ length: 100 }, (_, n) => `/${n}`)
  )
  assert.deepEqual(
    order,
    Array.from({ length: 100 }, (_, n) => `/${n} 1`)
  )
})

test('however many wait, the connection goes on', async (t) => {
  const { talk } = await wire(t)
  for (const count of [15, 16, 17, 18, 33]) {
    const { client, answers } = await talk(NEXT.repeat(count), { answers: count })
    assert.equal(answers.length, count)
    client.send(`GET /last HTTP/1.1\r\n${HOST}\r\n`)
    await client.waitFor(/GET \/last$/)
  }
})

test('a client that leaves takes its waiting requests with it', async (t) => {
  const upstream = await hangingUpstream(t)
  const { talk, gateway } = await wire(t, { proxy: { upstream: upstream.url } })
  const { client } = await talk(NEXT.repeat(5), { answers: 0 })
  assert.equal(gateway.app.proxy.inFlight, 1)
  client.socket.destroy()
  await pause(100)
  assert.deepEqual([gateway.app.proxy.inFlight, upstream.connections], [0, 0])
})
