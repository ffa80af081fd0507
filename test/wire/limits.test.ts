import assert from 'node:assert/strict'
import test from 'node:test'
import { valuesOf } from './answers.ts'
import { answering, HOST, wire } from './wire.ts'

const KIB = 1024

test('heads of 24 KiB pass, in one field, in many, in the target, and with 900 fields', async (t) => {
  const { talk, upstream } = await wire(t)
  const large = 'x'.repeat(24 * KIB)
  const many = (count: number): string => Array.from({ length: count }, (_, n) => `X${n}: v\r\n`).join('')
  const cases = [`Cookie: ${large}\r\n`, `X-A: ${large}\r\n`, many(100), many(900)]
  for (const fields of cases) {
    assert.deepEqual((await talk(`GET / HTTP/1.1\r\n${HOST}${fields}\r\n`)).statuses, [200])
    const names = upstream.seen.at(-1)!.rawHeaders.filter((name, i) => i % 2 === 0 && /^x\d/i.test(name))
    if (fields.startsWith('X0')) assert.equal(names.length, fields.split('\r\n').length - 1)
  }
  assert.deepEqual((await talk(`GET /${large} HTTP/1.1\r\n${HOST}\r\n`)).statuses, [200])
})

test('heads above 32 KiB are refused with 431, targets with 414', async (t) => {
  const { talk, reached } = await wire(t)
  for (const size of [33, 64, 100, 1000]) {
    const large = 'x'.repeat(size * KIB)
    for (const field of [`Cookie: ${large}`, `X-A: ${large}`]) {
      const { statuses, end } = await talk(`GET / HTTP/1.1\r\n${HOST}${field}\r\n\r\n`)
      assert.equal(statuses[0] ?? 431, 431)
      assert.notEqual(end, 'open')
    }
    const { statuses, end } = await talk(`GET /${large} HTTP/1.1\r\n${HOST}\r\n`)
    // The answer may be lost when the client goes on sending: its connection is reset then.
    if (size < 100) assert.deepEqual(statuses, [414])
    assert.notEqual(end, 'open')
  }
  assert.deepEqual(reached(), [])
})

test('what comes with the chunks of a request is bounded', async (t) => {
  const { talk } = await wire(t)
  const large = 'x'.repeat(1024 * KIB)
  const start = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`
  for (const body of [`3;a=${large}\r\nabc\r\n0\r\n\r\n`, `3\r\nabc\r\n0\r\nX-A: ${large}\r\n\r\n`]) {
    const { statuses, end } = await talk(start + body)
    assert.ok(statuses.every((status) => status === 400 || status === 413 || status === 431))
    assert.notEqual(end, 'open')
  }
})

test('a body has no limit of its own, in one piece or in 100,000 chunks', async (t) => {
  const { talk, upstream } = await wire(t)
  const start = `POST / HTTP/1.1\r\n${HOST}Content-Type: text/plain\r\n`
  const size = 8 * KIB * KIB
  await talk(`${start}Content-Length: ${size}\r\n\r\n${'x'.repeat(size)}`)
  await talk(`${start}Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(100_000)}0\r\n\r\n`)
  assert.deepEqual(
    upstream.seen.map(({ body }) => body.length),
    [size, 100_000]
  )
})

test('response heads of 60 KiB and of 3000 fields pass, larger ones are a 502', async (t) => {
  for (const [count, length, status] of [
    [1, 60 * KIB, 200],
    [3000, 1, 200],
    [200, 200, 200],
    [1, 100 * KIB, 502],
    [1, 5000 * KIB, 502]
  ] as const) {
    const fields = Array.from({ length: count }, () => `Set-Cookie: ${'x'.repeat(length)}\r\n`).join('')
    const { talk } = await answering(t, `HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`)
    const { answers } = await talk(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    assert.equal(answers[0]?.status, status)
    if (status === 200) assert.equal(valuesOf(answers[0], 'set-cookie').length, count)
  }
})

test('one connection may ask as often as it likes', async (t) => {
  const { talk, gateway } = await wire(t)
  const { client } = await talk(`GET /0 HTTP/1.1\r\n${HOST}\r\n`)
  for (let n = 1; n < 1500; n++) {
    client.send(`GET /${n} HTTP/1.1\r\n${HOST}\r\n`)
    await client.waitFor(new RegExp(`GET /${n}$`))
  }
  assert.equal(client.closed, false)
  assert.equal(gateway.app.proxy.inFlight, 0)
})

test('an Accept that is long, odd or different every time is answered and remembered nowhere', async (t) => {
  const { talk, upstream } = await wire(t)
  await upstream.stop()
  for (const accept of [
    'text/html;q=0.1,'.repeat(1000),
    '*/*;q=nan',
    ',,,;;;',
    '"',
    'a'.repeat(10_000),
    '*/*;q=-1'
  ])
    assert.deepEqual((await talk(`GET / HTTP/1.1\r\n${HOST}Accept: ${accept}\r\n\r\n`)).statuses, [502])
})
