import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { closedSite } from '../helpers/closed.ts'
import { fieldsOf } from '../helpers/front.ts'
import { tempDir } from '../helpers/temp-dir.ts'

test('an address that is listed passes, and its answers say that the site is closed for others', async (t) => {
  const { site, ask } = await closedSite(t, { bypassAddresses: ['127.0.0.0/8'] })
  assert.equal((await ask('/')).mode, undefined)
  for (const mode of ['maintenance', 'hold', 'read-only'] as const) {
    await site.enter({ mode })
    const { status, mode: said } = await ask('/x', { method: 'POST', body: 'x' })
    assert.deepEqual([status, said], [200, mode])
  }
  // Nobody has to be let in where everybody is.
  assert.equal((await ask('/x')).mode, undefined)
})

test('an X-Forwarded-For of a stranger lets nobody in, that of a trusted proxy does, from the right', async (t) => {
  const options = { bypassAddresses: ['192.0.2.0/24', '2001:db8::1'] }
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
  const stranger = await closedSite(t, options)
  await stranger.site.enter()
  for (const address of ['192.0.2.7', '127.0.0.1, 192.0.2.7'])
    assert.equal((await stranger.ask('/', from(address))).status, 503, address)

  const trusting = await closedSite(t, { ...options, trustProxy: ['127.0.0.1', '10.0.0.0/8'] })
  await trusting.site.enter()
  for (const address of ['192.0.2.7', '6.6.6.6, 192.0.2.7', '192.0.2.7, 10.1.1.1', '[2001:db8::1]:99'])
    assert.equal((await trusting.ask('/', from(address))).status, 200, address)
  for (const address of ['6.6.6.6', '192.0.2.7, 6.6.6.6', '192.0.2.7, junk', '192.0.2.7,', ''])
    assert.equal((await trusting.ask('/', from(address))).status, 503, address)
})

test('a machine passes with a token, and neither it nor a wrong one reaches the app', async (t) => {
  const sha256 = createHash('sha256').update('deploy-token').digest('hex')
  const { site, ask, upstream } = await closedSite(t, {
    bypassTokens: ['plain-token-of-a-machine', { sha256, name: 'ci' }]
  })
  const link = await site.control.addLink({})
  await site.enter()
  for (const token of ['plain-token-of-a-machine', 'deploy-token', link.token]) {
    const { status, mode } = await ask('/', { headers: { 'Intermission-Bypass': token } })
    assert.deepEqual([status, mode], [200, 'maintenance'], token)
  }
  for (const token of [
    '',
    'plain-toke',
    'plain-token-of-a-machine2',
    sha256,
    'x'.repeat(5000),
    '\u00e9',
    `${link.token}.`
  ])
    assert.equal((await ask('/', { headers: { 'Intermission-Bypass': token } })).status, 503, token)
  const twice = { 'Intermission-Bypass': ['plain-token-of-a-machine', 'plain-token-of-a-machine'] }
  assert.equal((await ask('/', { headers: twice })).status, 503)
  await site.leave()
  await ask('/', { headers: { 'INTERMISSION-BYPASS': 'whatever', 'X-Kept': 'yes' } })
  assert.equal(upstream.seen.length, 4)
  for (const seen of upstream.seen) assert.deepEqual(fieldsOf(seen, 'intermission-bypass'), [])
  assert.deepEqual(fieldsOf(upstream.seen[3]!, 'x-kept'), ['yes'])
})

test('a path that is listed passes, whatever the method, and nothing that only looks like it', async (t) => {
  const { site, ask } = await closedSite(t, { bypassPaths: ['/healthz', '/hooks/*'] })
  await site.enter()
  for (const target of ['/healthz', '/healthz?deep=1', '/hooks/stripe', '/.well-known/acme-challenge/abc'])
    assert.equal((await ask(target, { method: 'POST', body: 'x' })).status, 200, target)
  for (const target of [
    ...['/healthz/../admin', '/healthz%2f..', '/HEALTHZ', '/healthz;x', '/healthz/', '//healthz', '/hooks'],
    ...['/hooks/../admin', '/hooks/..;/admin', '/hooks/%2e%2e/admin', '/x?/healthz', '/healthz%00']
  ])
    assert.equal((await ask(target)).status, 503, target)
})

test('bypass options that make no sense are errors that name the option', async (t) => {
  const wrong: [object, RegExp][] = [
    [{ bypassAddresses: ['localhost'] }, /^bypassAddresses: "localhost"/],
    [{ bypassAddresses: '127.0.0.1' }, /^bypassAddresses: "127\.0\.0\.1".*a list/],
    [{ bypassPaths: ['/a/../b'] }, /^bypassPaths: "\/a\/\.\.\/b"/],
    [{ bypassPaths: ['healthz'] }, /^bypassPaths: /],
    [{ probePaths: ['/a b'] }, /^probePaths: /],
    [{ bypassTokens: ['with a space in it'] }, /^bypassTokens: this value/],
    [{ bypassTokens: ['fifteen-letters'] }, /^bypassTokens: this value/],
    [{ bypassTokens: [{ sha256: 'abc' }] }, /^bypassTokens: this value/],
    [{ trustProxy: ['10.0.0.0/99'] }, /^trustProxy: /],
    [{ holdLimit: -1 }, /^holdLimit: /],
    [{ websockets: 'cut' }, /^websockets: .*close or leave/]
  ]
  for (const [options, message] of wrong) await assert.rejects(closedSite(t, options), { message })
})

test('files of the gateway are closed like the app, and pass like it', async (t) => {
  const root = tempDir(t)
  writeFileSync(join(root, 'file.txt'), 'a file')
  const { site, ask } = await closedSite(t, { bypassTokens: ['a-token-of-a-machine'] }, { static: root })
  await site.enter()
  assert.equal((await ask('/file.txt')).status, 503)
  const { status, mode, body } = await ask('/file.txt', {
    headers: { 'intermission-bypass': 'a-token-of-a-machine' }
  })
  assert.deepEqual([status, mode, body], [200, 'maintenance', 'a file'])
})

test('a probe is answered while its path is closed, by GET and HEAD, and goes to the app otherwise', async (t) => {
  const { site, ask, upstream } = await closedSite(t, { probePaths: ['/up'] })
  assert.equal((await ask('/up')).headers['x-from'], 'the-app')
  for (const mode of ['maintenance', 'hold'] as const) {
    await site.enter({ mode, maxWait: mode === 'hold' ? '1s' : undefined } as never)
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask('/up', { method })
      assert.deepEqual([answer.status, answer.mode, answer.headers['x-from']], [200, mode, undefined])
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.equal(answer.body, method === 'GET' ? 'ok\n' : '')
    }
  }
  await site.enter()
  assert.equal((await ask('/up', { method: 'POST' })).status, 503)
  assert.equal((await ask('/UP')).status, 503)
  await site.enter({ paths: ['/shop/*'] })
  assert.equal((await ask('/up')).headers['x-from'], 'the-app')
  assert.equal(upstream.seen.length, 2)
})
