import assert from 'node:assert/strict'
import test from 'node:test'
import { fieldsOf } from '../helpers/front.ts'
import { HOST, wire } from './wire.ts'

const EXPECTS = 'Expect: 100-continue\r\n'
const NEXT = `GET /next HTTP/1.1\r\n${HOST}\r\n`

test('who waits to be asked for a body is asked, who does not wait is answered all the same', async (t) => {
  const { talk, upstream } = await wire(t)
  const head = `POST /a HTTP/1.1\r\n${HOST}${EXPECTS}Content-Length: 3\r\n\r\n`
  for (const bytes of [[head, 'abc'], `${head}abc`]) {
    const { answers } = await talk(bytes)
    assert.deepEqual([answers[0]?.interim, answers[0]?.body], [[100], 'POST /a abc'])
    assert.deepEqual(fieldsOf(upstream.seen.at(-1)!, 'expect'), [])
  }
})

test('in every spelling the connection stays in step', async (t) => {
  const { talk } = await wire(t)
  const cases = [
    `POST /a HTTP/1.1\r\n${HOST}expect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\n${HOST}${EXPECTS}${EXPECTS}Content-Length: 3\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\n${HOST}Expect: 100-continue, x\r\nContent-Length: 3\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\n${HOST}${EXPECTS}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${HOST}Expect: something else\r\nContent-Length: 3\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\n${HOST}Expect:\r\nContent-Length: 3\r\n\r\nabc`
  ]
  for (const bytes of cases) {
    const { answers, end } = await talk(bytes + NEXT, { answers: 2 })
    assert.deepEqual([answers.map(({ body }) => body), end], [['POST /a abc', 'GET /next'], 'open'], bytes)
  }
})

test('an expectation without a body costs nothing, and one to close is kept', async (t) => {
  const { talk } = await wire(t)
  const bare = await talk(`GET /a HTTP/1.1\r\n${HOST}${EXPECTS}\r\n${NEXT}`, { answers: 2 })
  assert.deepEqual([bare.statuses, bare.end], [[200, 200], 'open'])
  const closing = await talk(
    `POST /a HTTP/1.1\r\n${HOST}${EXPECTS}Connection: close\r\nContent-Length: 3\r\n\r\nabc`
  )
  assert.deepEqual([closing.answers[0]?.body, closing.end], ['POST /a abc', 'end'])
})

test('HTTP/1.0 knows no 100', async (t) => {
  const { talk } = await wire(t)
  const { answers } = await talk(`POST /a HTTP/1.0\r\n${HOST}${EXPECTS}Content-Length: 3\r\n\r\nabc`)
  assert.deepEqual([answers[0]?.interim, answers[0]?.body], [[], 'POST /a abc'])
})

test('nobody is asked for a body that nobody is there to take', async (t) => {
  const { talk, upstream } = await wire(t)
  await upstream.stop()
  const { answers, end } = await talk(`POST /a HTTP/1.1\r\n${HOST}${EXPECTS}Content-Length: 3\r\n\r\n`)
  assert.deepEqual([answers[0]?.status, answers[0]?.interim], [502, []])
  // The body may come or not, and nobody could tell what is what.
  assert.equal(end, 'end')
})
