import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { localTarget } from '../../src/gate/bypass-endpoint.ts'
import { type Asked, closedSite } from '../helpers/closed.ts'
import { fieldsOf } from '../helpers/front.ts'
import { answerOf, http2Client } from '../helpers/listening.ts'

const at = '/.intermission/bypass?token='

function cookieOf(answer: Asked): string {
  const [cookie = ''] = answer.headers['set-cookie'] ?? []
  return cookie
}

test('a link is exchanged for a cookie and leads to a place on the site; the cookie passes, and stays ours', async (t) => {
  const { site, ask, upstream } = await closedSite(t)
  const { token } = await site.control.addLink({ for: '1h', label: 'the tester' })
  await site.enter()
  const answer = await ask(`${at}${token}&to=/shop%3Fa=1`)
  assert.equal(answer.status, 303)
  assert.equal(answer.headers.location, '/shop?a=1')
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.equal(answer.headers['referrer-policy'], 'no-referrer')
  const [pair = '', ...attributes] = cookieOf(answer).split('; ')
  assert.equal(pair, `intermission-bypass=${token}`)
  const maxAge = Number(attributes.find((one) => one.startsWith('Max-Age='))?.slice(8))
  assert.ok(maxAge > 3590 && maxAge <= 3600, `${maxAge}`)
  assert.deepEqual(
    attributes.filter((one) => !one.startsWith('Max-Age=')),
    ['Path=/', 'HttpOnly', 'SameSite=Lax']
  )

  const passed = await ask('/shop', { headers: { cookie: `a=1; ${pair}; b="2"` } })
  assert.deepEqual([passed.status, passed.mode], [200, 'maintenance'])
  assert.equal((await ask('/shop', { headers: { cookie: pair } })).status, 200)
  await site.leave()
  await ask('/shop', { headers: { cookie: `${pair};c=3` } })
  assert.deepEqual(
    upstream.seen.map((seen) => fieldsOf(seen, 'cookie')),
    [['a=1; b="2"'], [], ['c=3']]
  )
  // The mode that is announced may begin while somebody works with the link.
  assert.equal((await ask(`${at}${token}`)).status, 303)
})

test('over HTTPS the cookie is one that no other host can set', async (t) => {
  const gateway = await closedSite(t, {}, { tls: true })
  const { token } = await gateway.site.control.addLink({})
  await gateway.site.enter()
  const session = http2Client(t, gateway)
  const { status, headers } = await answerOf(session.request({ ':path': `${at}${token}` }))
  assert.equal(status, 303)
  const cookie = headers['set-cookie']?.[0] ?? ''
  assert.match(
    cookie,
    /^__Host-intermission-bypass=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/
  )
  const pair = cookie.split(';')[0] ?? ''
  const passed = await answerOf(session.request({ ':path': '/', cookie: `x=1; ${pair}` }))
  assert.equal(passed.status, 200)
  assert.equal(passed.headers['intermission-mode'], 'maintenance')
  assert.deepEqual(fieldsOf(gateway.upstream.seen[0]!, 'cookie'), ['x=1'])
})

test('a trusted proxy says whether the visitor came by HTTPS, and nobody else', async (t) => {
  for (const [trustProxy, name] of [
    [['127.0.0.1'], '__Host-intermission-bypass'],
    [[], 'intermission-bypass']
  ] as const) {
    const { site, ask } = await closedSite(t, { trustProxy })
    const { token } = await site.control.addLink({})
    const answer = await ask(at + token, { headers: { 'x-forwarded-proto': 'https' } })
    assert.equal(cookieOf(answer).split('=')[0], name)
  }
})

test('a link that is forged, cut, expired, revoked or something else gives 403 and no cookie, and lets nobody in', async (t) => {
  const { site, ask } = await closedSite(t)
  const { token } = await site.control.addLink({})
  const revoked = await site.control.addLink({})
  await site.control.revokeLink(revoked.id)
  const [id = '', expiry = '', mac = ''] = token.split('.')
  await site.enter()
  const later = String(Number.isNaN(Number(expiry)) ? `${expiry}0` : Number(expiry) + 1000)
  for (const wrong of [
    ...[
      '',
      '.',
      '..',
      '...',
      'x',
      id,
      `${id}.${expiry}`,
      `${id}.${expiry}.`,
      `${id}..${mac}`,
      `.${expiry}.${mac}`
    ],
    ...[`${id}.${later}.${mac}`, `${id}x.${expiry}.${mac}`, token.slice(0, -1), `${token}x`, `${token}.x`],
    ...[`${id}.${expiry}.${mac.toLowerCase()}A`, `${id}.${expiry}.${'A'.repeat(mac.length)}`, revoked.token],
    ...[
      'x'.repeat(8000),
      '\0',
      '%00',
      '%',
      '%zz',
      '[object Object]',
      '{"id":1}',
      'null',
      '__proto__',
      token.repeat(2)
    ]
  ]) {
    const answer = await ask(at + encodeURIComponent(wrong))
    assert.equal(answer.status, 403, wrong)
    assert.equal(answer.headers['set-cookie'], undefined, wrong)
    assert.equal(answer.reason, undefined)
    const cookie = `intermission-bypass=${wrong.replace(/[^\x21-\x7e]/g, '')}`
    assert.equal((await ask('/', { headers: { cookie } })).status, 503, cookie)
    const field = { 'intermission-bypass': wrong.replace(/[^\x21-\x7e]/g, '') }
    assert.equal((await ask('/', { headers: field })).status, 503, wrong)
  }
  for (const cookie of [
    ';',
    '=',
    'intermission-bypass',
    `intermission-bypass="${token}"`,
    `Intermission-Bypass=${token}`
  ])
    assert.equal((await ask('/', { headers: { cookie } })).status, 503, cookie)
  const old = `intermission-bypass=old; intermission-bypass=${token}`
  assert.equal((await ask('/', { headers: { cookie: old } })).status, 200)
  for (const query of [
    '',
    `?token[]=${token}`,
    `?Token=${token}`,
    '?token',
    `?x=${token}`,
    '?token=a&token=b'
  ])
    assert.equal((await ask(`/.intermission/bypass${query}`)).status, 403, query)
  const post = await ask(at + token, { method: 'POST', body: 'x' })
  assert.deepEqual(
    [post.status, post.headers.allow, post.headers['set-cookie']],
    [405, 'GET, HEAD', undefined]
  )
})

test('an expired link opens nothing, as a link and as a cookie', async (t) => {
  const { site, ask } = await closedSite(t)
  const { token } = await site.control.addLink({ for: '1s' })
  await site.enter()
  const headers = { cookie: `intermission-bypass=${token}` }
  assert.equal((await ask('/', { headers })).status, 200)
  await new Promise((resolve) => setTimeout(resolve, 2100))
  assert.equal((await ask('/', { headers })).status, 503)
  assert.equal((await ask(at + token)).status, 403)
})

test('the way on never leaves the site', async (t) => {
  const { site, ask } = await closedSite(t)
  const { token } = await site.control.addLink({})
  for (const [to, location] of [
    ['/a/b?c=d#e', '/a/b?c=d#e'],
    ['/caf\u00e9 1', '/caf%C3%A9%201'],
    ['/%2e%2e/a', '/%2e%2e/a'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['\\/evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/\r\nSet-Cookie: a=b', '/'],
    ['/a\\..\\b', '/'],
    ['https://evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    ['evil.example', '/'],
    ['', '/'],
    [`/${'a'.repeat(3000)}`, '/']
  ] as const) {
    const answer = await ask(`${at}${token}&to=${encodeURIComponent(to)}`)
    assert.deepEqual([answer.status, answer.headers.location], [303, location], to)
  }
  for (const raw of [
    '//evil.example',
    '/%5cevil.example',
    '/%0d%0aX:%20y',
    '%2f%2fevil.example',
    '/%09/evil.example'
  ])
    assert.equal((await ask(`${at}${token}&to=${raw}`)).headers.location, '/', raw)
})

test('wherever a link is asked to lead, a browser stays on the site', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '\\',
      '//',
      '.',
      '..',
      '@',
      ':',
      'http:',
      'https://',
      'evil.example',
      '%2f',
      '%5c',
      '\t',
      '\r\n',
      '\0'
    ],
    ...['?', '#', ';', ' ', '\u00e9', '\u2028', '\ud800', '\uff0f', 'a']
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const location = localTarget(pieces.join(''))
      assert.match(location, /^\/[\x21-\x7e]*$/)
      assert.equal(new URL(location, 'https://site.example/a/b').origin, 'https://site.example')
    }),
    { numRuns: 20_000 }
  )
})
