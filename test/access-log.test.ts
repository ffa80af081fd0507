import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import test from 'node:test'
import { type AccessLogOptions, addAccessLog } from '../src/access-log.ts'
import { createRequestIds } from '../src/request-id.ts'
import { type ListeningOptions, listening } from './helpers/listening.ts'
import { type RawClient, rawClient } from './helpers/raw-client.ts'
import type { Cleanup } from './helpers/temp-dir.ts'
import {
  okUpstream,
  refusingUpstream,
  type SeenRequest,
  slowUpstream,
  tcpUpstream
} from './helpers/upstream.ts'

interface Logged {
  seen: SeenRequest[]
  /** Sends bytes on a connection of its own, and gives the lines that came of it. */
  ask(bytes: string): Promise<string[]>
  connect(): Promise<RawClient>
  /** Waits for so many lines, and takes them. */
  lines(count: number): Promise<string[]>
}

async function logged(
  t: Cleanup,
  log: Partial<AccessLogOptions> = {},
  more: Partial<ListeningOptions> = {},
  url?: string
): Promise<Logged> {
  const output = new PassThrough({ encoding: 'utf8' })
  const upstream = await okUpstream(t)
  const { trustProxy = [] } = log
  const gateway = await listening(t, {
    proxy: { upstream: url ?? upstream.url, trustProxy },
    requestIds: createRequestIds(trustProxy),
    ...more,
    prepare: (app) => addAccessLog(app, { format: 'json', output, ...log })
  })
  let text = ''
  output.on('data', (chunk: string) => {
    text += chunk
  })
  const lines = async (count: number): Promise<string[]> => {
    while (text.split('\n').length <= count) await new Promise((resolve) => setTimeout(resolve, 2))
    const all = text.split('\n')
    text = all.slice(count).join('\n')
    return all.slice(0, count)
  }
  const connect = (): Promise<RawClient> => rawClient(t, gateway.port)
  return {
    seen: upstream.seen,
    connect,
    lines,
    async ask(bytes) {
      const client = await connect()
      client.send(bytes)
      await client.ended()
      return lines(1)
    }
  }
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`
const get = (fields = '', path = '/'): string =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${fields}\r\n`

test('a line in JSON says who answered, how long the app took, and which request and trace it was', async (t) => {
  const { ask, seen } = await logged(t)
  const [line = ''] = await ask(get(`traceparent: ${PARENT}\r\ntracestate: a=b\r\n`, '/a/b?secret=1'))
  const { time, requestId, durationMs, upstreamMs, ...rest } = JSON.parse(line) as Record<string, unknown>
  assert.deepEqual(rest, {
    level: 30,
    msg: 'request',
    peer: '127.0.0.1',
    method: 'GET',
    host: 'h',
    path: '/a/b',
    status: 200,
    answeredBy: 'app',
    traceId: TRACE
  })
  assert.ok(Math.abs(Number(time) - Date.now()) < 5000)
  assert.match(String(requestId), /^[0-9a-f]{8}-1$/)
  assert.ok(Number(durationMs) >= Number(upstreamMs) && Number(upstreamMs) > 0)
  // Passed on as it came: whoever traces the app sees the same trace.
  const fields = seen[0]!.rawHeaders.join('\n')
  assert.match(fields, new RegExp(`traceparent\n${PARENT}\ntracestate\na=b`))
})

test('a line in the combined format is one that log readers know, with our fields behind it', async (t) => {
  const { ask } = await logged(t, { format: 'combined' })
  const fields = `Referer: http://a.test/x?token=1\r\nUser-Agent: curl/8\r\ntraceparent: ${PARENT}\r\n`
  const [line = ''] = await ask(get(fields, '/a?b'))
  const combined =
    /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/20\d\d:\d\d:\d\d:\d\d \+0000\] "GET \/a HTTP\/1\.1" 200 (\d+) "http:\/\/a\.test\/x" "curl\/8" (\S+) (\S+) - [0-9a-f]{8}-1 ([0-9a-f]{32})$/
  const [, bytes, seconds, upstreamSeconds, trace] = combined.exec(line) ?? []
  assert.ok(Number(bytes) > 100, line)
  assert.ok(Number(seconds) >= Number(upstreamSeconds))
  assert.equal(trace, TRACE)
})

for (const format of ['json', 'combined'] as const) {
  test(`what the gateway answers itself has its reason in the ${format} line, and no time of the app`, async (t) => {
    const { ask } = await logged(t, { format }, {}, await refusingUpstream())
    const [line = ''] = await ask(get())
    if (format === 'json') {
      const entry = JSON.parse(line) as Record<string, unknown>
      assert.deepEqual(
        [entry.status, entry.answeredBy, entry.reason],
        [502, 'gateway', 'upstream-unreachable']
      )
      assert.ok(!('upstreamMs' in entry))
    } else assert.match(line, / 502 \d+ "-" "-" \d+\.\d{3} - upstream-unreachable \S+ -$/)
  })

  test(`no client can forge a ${format} line or put control characters into it`, async (t) => {
    const { ask, seen } = await logged(t, { format })
    // What Node's parser lets through: quotes, backslashes, tabs and the C1 control characters.
    const evil = 'a"b\\c\t\x9bd'
    const [line = ''] = await ask(get(`User-Agent: ${evil}\r\nReferer: ${evil}\r\n`, '/"\\{x}'))
    assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f]/)
    if (format === 'json') assert.equal((JSON.parse(line) as { path: string }).path, '/"\\{x}')
    else {
      assert.ok(line.includes('"GET /\\x22\\x5C{x} HTTP/1.1"'), line)
      assert.ok(line.includes('"a\\x22b\\x5Cc\\x09\\x9Bd"'), line)
    }
    assert.equal(seen.length, 1)
    const [other = ''] = await ask(`GET / HTTP/1.1\r\nHost: h\x9b\r\nConnection: close\r\n\r\n`)
    assert.match(other, format === 'json' ? /"host":"h\\u009B",.*"status":400/ : / 400 /)
  })

  test(`cookies, authorizations and queries are in no ${format} line`, async (t) => {
    const { ask } = await logged(t, { format })
    const secrets =
      'Authorization: Bearer hush\r\nCookie: id=hush\r\nIntermission-Bypass: hush\r\nX-Api-Key: hush\r\n'
    const [line = ''] = await ask(get(`${secrets}Referer: http://a.test/?t=hush\r\n`, '/?token=hush'))
    assert.doesNotMatch(line, /hush/)
  })
}

test('a trace that cannot be one is left out', async (t) => {
  const { ask } = await logged(t)
  const zero = '0'.repeat(32)
  const wrong = [PARENT.toUpperCase(), `ff${PARENT.slice(2)}`, PARENT.replace(TRACE, zero), 'x', `${PARENT}x`]
  for (const value of wrong) {
    const [line = ''] = await ask(get(`traceparent: ${value}\r\n`))
    assert.doesNotMatch(line, /traceId/, value)
  }
  const [line = ''] = await ask(get(`traceparent: ${PARENT}\r\ntraceparent: ${PARENT}\r\n`))
  assert.doesNotMatch(line, /traceId/)
})

test('the id and the address that a trusted peer names are believed, those of others are not', async (t) => {
  const fields = 'X-Request-ID: from-the-balancer\r\nX-Forwarded-For: 203.0.113.9, 198.51.100.7\r\n'
  const trusting = await logged(t, { trustProxy: ['127.0.0.0/8'] })
  const [line = ''] = await trusting.ask(get(fields))
  const entry = JSON.parse(line) as Record<string, unknown>
  assert.deepEqual(
    [entry.requestId, entry.peer, entry.client],
    ['from-the-balancer', '127.0.0.1', '198.51.100.7']
  )
  const odd = await trusting.ask(get('X-Request-ID: a"b\r\n'))
  assert.match(odd[0]!, /"requestId":"[0-9a-f]{8}-1"/)

  const other = await logged(t)
  const [plain = ''] = await other.ask(get(fields))
  assert.match(plain, /"requestId":"[0-9a-f]{8}-1","peer":"127\.0\.0\.1","method"/)
  // Either way the app gets what came.
  for (const { seen } of [trusting, other])
    assert.match(seen[0]!.rawHeaders.join('\n'), /X-Request-ID\nfrom-the-balancer/)

  const combined = await logged(t, { trustProxy: ['127.0.0.0/8'], format: 'combined' })
  assert.match((await combined.ask(get(fields)))[0]!, /^198\.51\.100\.7 - - .* from-the-balancer -$/)
})

test('the page shows the id that the log has', async (t) => {
  const { connect, lines } = await logged(t, {}, {}, await refusingUpstream())
  const client = await connect()
  client.send(get('Accept: application/json\r\n'))
  const [, id] = await client.waitFor(/"requestId":"([^"]+)"/)
  assert.ok((await lines(1))[0]!.includes(`"requestId":"${id}"`))
})

test('a client that leaves without an answer is logged with 499, a change of protocols with 101 at its end', async (t) => {
  const slow = await slowUpstream(t, 5000)
  const { connect, lines } = await logged(t, {}, {}, slow.url)
  const client = await connect()
  client.send(get())
  while (slow.connections === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  client.socket.destroy()
  assert.match((await lines(1))[0]!, /"status":499/)

  const upgrading = await tcpUpstream(t, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 101 OK\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'))
  })
  const other = await logged(t, {}, {}, upgrading.url)
  const upgraded = await other.connect()
  upgraded.send('GET /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
  await upgraded.waitFor(/ 101 /)
  upgraded.socket.destroy()
  assert.match((await other.lines(1))[0]!, /"path":"\/ws","status":101,.*"answeredBy":"app","upstreamMs"/)
})

test('several sites have their names in the lines', async (t) => {
  const { ask } = await logged(t, { site: 'shop' })
  assert.match((await ask(get()))[0]!, /"site":"shop","peer"/)
})
