import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { METHODS } from 'node:http'
import { join } from 'node:path'
import test from 'node:test'
import { tempDir } from '../helpers/temp-dir.ts'
import { valuesOf } from './answers.ts'
import { HOST, wire } from './wire.ts'

const REFUSED = ['TRACE', 'CONNECT']
const FORWARDED = METHODS.filter((method) => !REFUSED.includes(method))

test('every method that Node knows passes, without a body, with a length and in chunks', async (t) => {
  const { talk, upstream } = await wire(t)
  for (const method of FORWARDED) {
    const start = `${method} /m?q HTTP/1.1\r\n${HOST}`
    const requests = [
      `${start}\r\n`,
      `${start}Content-Length: 3\r\n\r\nabc`,
      `${start}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`
    ]
    const { statuses, end } = await talk(requests.join(''), {
      answers: 3,
      methods: [method, method, method]
    })
    assert.deepEqual([statuses, end], [[200, 200, 200], 'open'], method)
    assert.deepEqual(
      upstream.seen.splice(0).map((seen) => [seen.method, seen.url, seen.body]),
      [
        [method, '/m?q', ''],
        [method, '/m?q', 'abc'],
        [method, '/m?q', 'abc']
      ]
    )
  }
})

test('TRACE is refused with what is allowed, its body is not a request, and the connection lives on', async (t) => {
  const { talk, reached } = await wire(t)
  const body = 'GET /evil HTTP/1.1\r\n\r\n'
  const trace = `TRACE / HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n${body}`
  const { answers } = await talk(`${trace}GET /next HTTP/1.1\r\n${HOST}\r\n`, { answers: 2 })
  assert.deepEqual(
    answers.map(({ status }) => status),
    [405, 200]
  )
  assert.match(valuesOf(answers[0]!, 'allow').join(), /GET, /)
  assert.deepEqual(reached(), ['GET /next'])
})

test('CONNECT is refused, and the connection ends', async (t) => {
  for (const target of ['a.test:443', '/']) {
    const { talk, reached } = await wire(t)
    const { statuses, end } = await talk(
      `CONNECT ${target} HTTP/1.1\r\nHost: a.test:443\r\n\r\nGET / HTTP/1.1\r\n\r\n`
    )
    assert.deepEqual([statuses, end, reached()], [[405], 'end', []])
  }
})

test('what no method is called is refused with 400', async (t) => {
  for (const method of [
    'get',
    'Get',
    '__proto__',
    'constructor',
    'FOO',
    'A'.repeat(1000),
    'G\0T',
    'G(T',
    '\xe9'
  ]) {
    const { talk, reached } = await wire(t)
    const { statuses, end } = await talk(`${method} / HTTP/1.1\r\n${HOST}\r\n`)
    assert.deepEqual([statuses, end, reached()], [[400], 'end', []], method)
  }
})

test('HEAD and GET alternate on a connection, with the length and without the body', async (t) => {
  const { talk } = await wire(t)
  const ask = (method: string, fields = ''): string => `${method} /a HTTP/1.1\r\n${HOST}${fields}\r\n`
  const { answers, rest } = await talk(
    `${ask('HEAD')}${ask('GET')}${ask('HEAD', 'Content-Length: 2\r\n')}xy${ask('GET')}`,
    { answers: 4, methods: ['HEAD', 'GET', 'HEAD', 'GET'] }
  )
  assert.deepEqual(
    answers.map(({ status, body }) => `${status} ${body}`),
    ['200 ', '200 GET /a', '200 ', '200 GET /a']
  )
  assert.deepEqual(valuesOf(answers[0]!, 'content-length'), ['7'])
  assert.equal(rest, '')
})

test('OPTIONS * is about the server and passes as it is; other methods have no such target', async (t) => {
  const { talk, reached } = await wire(t)
  assert.deepEqual((await talk(`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`)).statuses, [200])
  assert.deepEqual((await talk(`GET * HTTP/1.1\r\n${HOST}\r\n`)).statuses, [400])
  assert.deepEqual(reached(), ['OPTIONS *'])
})

test('a method is not overridden by a field', async (t) => {
  const { talk, upstream } = await wire(t)
  await talk(`POST / HTTP/1.1\r\n${HOST}X-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n`)
  assert.equal(upstream.seen[0]!.method, 'POST')
  assert.ok(upstream.seen[0]!.rawHeaders.includes('X-HTTP-Method-Override'))
})

test('methods that write are refused for files with 405, and what they carry is not a request', async (t) => {
  const root = tempDir(t)
  writeFileSync(join(root, 'a.txt'), 'file')
  const { talk, reached } = await wire(t, { static: root })
  for (const method of FORWARDED.filter((one) => one !== 'GET' && one !== 'HEAD')) {
    const request = `${method} /a.txt HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`
    const { answers } = await talk(`${request}GET /a.txt HTTP/1.1\r\n${HOST}\r\n`, { answers: 2 })
    assert.deepEqual([answers[0]?.status, answers[1]?.body], [405, 'file'], method)
    assert.deepEqual(valuesOf(answers[0]!, 'allow'), ['GET, HEAD'])
  }
  assert.deepEqual(reached(), [])
})

test('a POST without a length is one with an empty body', async (t) => {
  const { talk, reached } = await wire(t)
  for (const version of ['1.0', '1.1']) await talk(`POST /a HTTP/${version}\r\n${HOST}\r\n`)
  assert.deepEqual(reached(), ['POST /a', 'POST /a'])
})
