import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { headLines, setWholeHead, WholeAnswer } from '../src/whole-head.ts'
import { rawClient } from './helpers/raw-client.ts'
import { waitUntil } from './helpers/store-contract.ts'
import type { Cleanup } from './helpers/temp-dir.ts'

const FIELDS = ['Content-Type', 'text/plain', 'X-Byte', 'caf\xe9', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']
const LENGTH = ['Content-Length', '2']
const DATE = ['Date', 'Tue, 24 Nov 2026 10:00:00 GMT']

type Write = (response: ServerResponse, status: number, reason: string, fields: string[]) => void

const byNode: Write = (response, status, reason, fields) => {
  response.writeHead(status, reason, fields)
}
const inOnePiece: Write = (response, status, reason, fields) => {
  assert.equal(setWholeHead(response, status, reason, headLines(fields)!), true)
}

async function answered(t: Cleanup, write: Write, status: number, fields: string[]): Promise<string> {
  const server = createServer((_request, response) => {
    write(response, status, 'Sö', fields)
    response.end('ok')
  })
  server.keepAliveTimeout = 7500
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const client = await rawClient(t, (server.address() as AddressInfo).port)
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await client.waitFor(/\r\n\r\nok$/)
  // The connection goes on after it.
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await client.waitFor(/ok[\s\S]*\r\n\r\nok$/)
  return client.received
}

for (const [what, status, fields] of [
  ['a length', 200, [...FIELDS, ...LENGTH]],
  ['a length and a date', 503, [...FIELDS, ...DATE, ...LENGTH]],
  ['odd case', 418, ['content-length', '2', 'DATE', DATE[1]!]]
] as const) {
  test(`a head in one piece is what Node would send, with ${what}`, async (t) => {
    const dated = (text: string): string => text.replace(/Date: .*?\r\n/gi, 'Date: now\r\n')
    const [node, ours] = [
      await answered(t, byNode, status, [...fields]),
      await answered(t, inOnePiece, status, [...fields])
    ]
    assert.equal(dated(ours), dated(node))
  })
}

test('a whole answer is what Node would send, again and again, and with a large body', async (t) => {
  for (const body of ['', 'caf\xe9', 'x'.repeat(300_000)]) {
    const fields = [...FIELDS, 'Content-Length', String(body.length)]
    const whole = new WholeAnswer(503, 'Sö', headLines(fields)!, body)
    const seen: string[] = []
    for (const keepAliveTimeout of [7500, 0]) {
      let ends = 0
      const server = createServer((request, response) => {
        response.on('finish', () => ends++)
        if (request.url === '/node') response.writeHead(503, 'Sö', fields).end(body, 'latin1')
        else assert.equal(whole.endBy(response, request.url === '/waits'), true)
      })
      server.keepAliveTimeout = keepAliveTimeout
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      t.after(() => server.close())
      const client = await rawClient(t, (server.address() as AddressInfo).port)
      const answers: string[] = []
      for (const path of ['/node', '/whole', '/waits']) {
        const from = client.received.length
        client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
        await waitUntil(() => {
          const [head = '', ...rest] = client.received.slice(from).split('\r\n\r\n')
          return head !== '' && rest.join('').length === body.length && rest.length > 0
        })
        answers.push(client.received.slice(from).replace(/Date: .*?\r\n/, 'Date: now\r\n'))
      }
      assert.ok(answers[1] === answers[0] && answers[2] === answers[0], answers[1]!.slice(0, 500))
      assert.equal(ends, 3)
      seen.push(answers[1]!)
    }
    assert.match(seen[0]!, /Keep-Alive: timeout=7\r\n/)
    assert.doesNotMatch(seen[1]!, /Keep-Alive:/)
  }
})

test('the date of a whole answer goes with the time', async (t) => {
  const whole = new WholeAnswer(503, 'No', headLines(LENGTH)!, 'no')
  const server = createServer((_request, response) => void whole.endBy(response, true))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const client = await rawClient(t, (server.address() as AddressInfo).port)
  const dates = new Set<string>()
  await waitUntil(() => {
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    for (const [, date = ''] of client.received.matchAll(/\r\nDate: (.*?)\r\n/g)) dates.add(date)
    return dates.size > 1
  })
  for (const date of dates) assert.ok(Math.abs(Date.parse(date) - Date.now()) < 3000, date)
})

test('the date of a head in one piece is that of now', async (t) => {
  const text = await answered(t, inOnePiece, 200, LENGTH)
  const date = /\r\nDate: (.*?)\r\n/.exec(text)?.[1] ?? ''
  assert.ok(Math.abs(Date.parse(date) - Date.now()) < 2500, date)
})

test('what needs a framing, or is more than a usual head, is left to Node', async (t) => {
  assert.equal(headLines(FIELDS), null)
  const lines = headLines(LENGTH)!
  const left: [string, string, (response: ServerResponse) => void, number][] = [
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', () => {}, 200],
    ['HEAD', 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n', () => {}, 200],
    ['a closing connection', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', () => {}, 200],
    ['a status without a body', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', () => {}, 304],
    [
      'a field set before',
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      (response) => response.setHeader('A', 'b'),
      200
    ],
    ['a writeHead of others', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', watched, 200]
  ]
  for (const [what, request, prepare, status] of left) {
    let isSet: boolean | undefined
    const server = createServer((_request, response) => {
      prepare(response)
      isSet = setWholeHead(response, status, 'OK', lines)
      response.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const client = await rawClient(t, (server.address() as AddressInfo).port)
    client.send(request)
    await client.ended()
    assert.equal(isSet, false, what)
  }
})

function watched(response: ServerResponse): void {
  response.writeHead = response.writeHead.bind(response)
}
