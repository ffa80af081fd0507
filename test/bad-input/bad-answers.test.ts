import assert from 'node:assert/strict'
import test from 'node:test'
import { callGateway } from '../helpers/gateway-status.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { rawClient } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { tcpUpstream, type Upstream } from '../helpers/upstream.ts'
import { BAD_ANSWERS, type BadAnswer } from './app-cases.ts'

const GOOD = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'

test('bad answers of the app', async (t) => {
  let current: BadAnswer | undefined
  let asked = 0
  const app = await tcpUpstream(t, (socket) => {
    socket.once('data', (bytes) => {
      // What checks that the gateway lives gets a good answer.
      if (current === undefined || bytes.includes('/alive')) {
        socket.end(GOOD)
        return
      }
      asked++
      const { bytes: answer, resets, keeps } = current
      if (keeps) socket.write(answer, 'latin1')
      else if (!resets) socket.end(answer, 'latin1')
      else if (answer === '') socket.resetAndDestroy()
      // The answer must be on its way before the connection is reset.
      else socket.write(answer, 'latin1', () => setTimeout(() => socket.resetAndDestroy(), 30))
    })
  })
  const gateway = await startGateway(t, [
    '--upstream',
    app.url,
    '--access-log',
    'off',
    '--log-level',
    'error'
  ])
  for (const one of BAD_ANSWERS) {
    await t.test(one.name, async () => {
      current = one
      asked = 0
      await behaves(t, gateway, one, app)
      // A GET may be repeated only where the app cannot have seen it; here it always has.
      assert.equal(asked, 1)
    })
  }
  assert.equal(gateway.stderr, '')
  assert.doesNotMatch(gateway.stdout, /"level":(50|60)/)
})

async function behaves(t: Cleanup, gateway: GatewayProcess, one: BadAnswer, app: Upstream): Promise<void> {
  const client = await rawClient(t, Number(new URL(gateway.url).port))
  client.send('GET / HTTP/1.1\r\nHost: h\r\nAccept: text/plain\r\nConnection: close\r\n\r\n')
  const end = await client.ended()
  const [, status = '', head = '', body = ''] =
    /^HTTP\/1\.1 (\d+)[^\r]*\r\n((?:[^\r\n]*\r\n)*?)\r\n([\s\S]*)$/.exec(client.received) ?? []
  assert.equal(`${status}${isCut(head, body, end) ? ' cut' : ''}`, one.answer, client.received.slice(0, 500))
  if (one.has) assert.match(client.received, one.has)
  if (one.lacks) assert.doesNotMatch(client.received, one.lacks)
  if (status === '502') {
    assert.match(head, /^intermission-reason: upstream-(unreachable|invalid-response)$/im)
    assert.ok(!client.received.includes(String(app.port)), 'no internal address is told')
  }
  assert.equal((await fetch(`${gateway.url}/alive`)).status, 200)
  const { upstreams } = await callGateway(gateway, 'GET', '/status')
  assert.equal((upstreams as { breaker: string }[])[0]?.breaker, 'closed')
}

// Whether a client can see that there should have been more.
function isCut(head: string, body: string, end: 'end' | 'reset'): boolean {
  const length = /^content-length: (\d+)\r$/im.exec(head)?.[1]
  if (/^transfer-encoding: chunked\r$/im.test(head)) return !body.endsWith('0\r\n\r\n')
  if (length === undefined) return end === 'reset'
  return body !== '' && body.length < Number(length)
}
