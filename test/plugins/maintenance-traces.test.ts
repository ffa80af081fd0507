import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import maintenance from '../../plugins/maintenance.ts'
import { rawClient } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'

const TOKEN = 'a-token-of-a-machine-0123456789'

/** An app whose routes say what they can read of a request. */
async function tellingApp(t: Cleanup): Promise<{ app: FastifyInstance; url: string; port: number }> {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(maintenance, { bypassTokens: [TOKEN] })
  app.all('/', async ({ headers, raw }) => ({ headers, raw: raw.rawHeaders, distinct: raw.headersDistinct }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return { app, port, url: `http://127.0.0.1:${port}/` }
}

test('a route of the app never sees the token and the cookies of a bypass, whether they were needed or not', async (t) => {
  const { app, url } = await tellingApp(t)
  for (const mode of ['live', 'maintenance'] as const) {
    if (mode === 'maintenance') await app.maintenance.enter()
    const cookie = '__Host-intermission-bypass=x.y; session=1; intermission-bypass=x.z'
    const answer = await fetch(url, { headers: { 'Intermission-Bypass': TOKEN, cookie, 'X-Own': 'own' } })
    const seen = await answer.text()
    assert.equal(answer.headers.get('intermission-mode'), mode === 'live' ? null : mode)
    assert.doesNotMatch(seen, /bypass|x\.y|x\.z/i)
    const { headers, raw } = JSON.parse(seen) as { headers: Record<string, string>; raw: string[] }
    assert.deepEqual([headers.cookie, headers['x-own']], ['session=1', 'own'])
    assert.equal(raw[raw.findIndex((name) => name.toLowerCase() === 'cookie') + 1], 'session=1')
  }
})

test('a Cookie field that held nothing else is gone, and one of the app is left alone', async (t) => {
  const { url } = await tellingApp(t)
  const seenWith = async (cookie: string): Promise<string> =>
    (await fetch(url, { headers: { cookie } })).text()
  assert.doesNotMatch(await seenWith('intermission-bypass=x'), /cookie/i)
  assert.match(await seenWith('a=1;  b="2"'), /"a=1; {2}b=\\"2\\""/)
})

test('who passed by a token is still known by it when the site closes before the body is there', async (t) => {
  const { app, port } = await tellingApp(t)
  const client = await rawClient(t, port)
  const fields = `Content-Type: application/json\r\nContent-Length: 2\r\nIntermission-Bypass: ${TOKEN}`
  client.send(`POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`)
  await sleep(50)
  await app.maintenance.enter({ wait: 'none' })
  client.send('{}')
  await client.waitFor(/"content-length":"2"/)
  assert.match(client.received, /^HTTP\/1\.1 200 [\s\S]*intermission-mode: maintenance/i)
})
