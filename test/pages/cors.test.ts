import assert from 'node:assert/strict'
import test from 'node:test'
import { answering, MAINTENANCE, UNREACHABLE } from './server.ts'

const ORIGIN = 'https://shop.example'
const PREFLIGHT = {
  origin: ORIGIN,
  'access-control-request-method': 'PUT',
  'access-control-request-headers': 'content-type,x-token'
}

test('a script of another origin sees the answer instead of a network error', async (t) => {
  for (const problem of [MAINTENANCE, UNREACHABLE]) {
    const server = await answering(t, problem)
    const { status, headers } = await server.get({ origin: ORIGIN, accept: 'application/json' })
    assert.equal(status, problem.status)
    assert.equal(headers['access-control-allow-origin'], ORIGIN)
    assert.equal(headers['access-control-allow-credentials'], 'true')
    assert.equal(headers['access-control-expose-headers'], 'Retry-After, Intermission-Reason')
    assert.match(headers.vary ?? '', /Origin/)
    assert.equal((await server.get()).headers['access-control-allow-origin'], undefined)
  }
})

test('a preflight is answered with 204 in maintenance, and not kept', async (t) => {
  const server = await answering(t, { ...MAINTENANCE, retryAfterSeconds: 7 })
  const { status, headers, body } = await server.get(PREFLIGHT, { method: 'OPTIONS' })
  assert.equal(status, 204)
  assert.equal(body.length, 0)
  assert.equal(headers['access-control-allow-origin'], ORIGIN)
  assert.equal(headers['access-control-allow-methods'], 'PUT')
  assert.equal(headers['access-control-allow-headers'], 'content-type,x-token')
  assert.equal(headers['access-control-max-age'], '0')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['intermission-reason'], 'maintenance')
  assert.equal(headers['retry-after'], '7')
  assert.equal(headers['content-length'], undefined)
})

test('an OPTIONS request that is no preflight is answered like any other', async (t) => {
  const server = await answering(t, MAINTENANCE)
  assert.equal((await server.get({ origin: ORIGIN }, { method: 'OPTIONS' })).status, 503)
  assert.equal((await server.get({}, { method: 'OPTIONS' })).status, 503)
})

test('nothing is permitted in the name of an app that merely restarts', async (t) => {
  const server = await answering(t, UNREACHABLE)
  const { status, headers } = await server.get(PREFLIGHT, { method: 'OPTIONS' })
  assert.equal(status, 502)
  assert.equal(headers['access-control-allow-methods'], undefined)
})

test('a method or a list that is none is not echoed', async (t) => {
  const server = await answering(t, MAINTENANCE)
  const odd = {
    origin: ORIGIN,
    'access-control-request-method': 'a b',
    'access-control-request-headers': '<x>'
  }
  const { status, headers } = await server.get(odd, { method: 'OPTIONS' })
  assert.equal(status, 204)
  assert.equal(headers['access-control-allow-methods'], undefined)
  assert.equal(headers['access-control-allow-headers'], undefined)
})
