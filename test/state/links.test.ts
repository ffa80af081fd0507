import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test, { type TestContext } from 'node:test'
import fc from 'fast-check'
import { type Control, type ControlDeps, openControl } from '../../src/state/control.ts'
import { verifyToken } from '../../src/state/links.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import type { SharedState } from '../../src/state/shared-state.ts'

const HOUR = 3_600_000

async function open(t: TestContext, deps: Partial<ControlDeps> = {}): Promise<Control> {
  const control = await openControl({ store: createMemoryStore(), sites: ['shop', 'blog'], ...deps })
  t.after(() => control.close())
  return control
}

test('a link opens what it was made for, any number of times, in every process that shares the state', async (t) => {
  const store = createMemoryStore()
  const control = await open(t, { store })
  const { token, ...link } = await control.addLink({ site: 'shop', label: 'the team', by: 'ann', for: '1h' })
  assert.match(token, /^l[0-9a-f]{8}\.\d{10}\.[A-Za-z0-9_-]{43}$/)
  assert.deepEqual([link.site, link.label, link.by], ['shop', 'the team', 'ann'])
  const other = await open(t, { store })
  for (const each of [control, other, control]) {
    assert.deepEqual(each.site('shop').verifyLink(token), link)
    assert.equal(each.site('blog').verifyLink(token), null)
    assert.deepEqual(each.links(), [link])
  }
  const forAll = await control.addLink()
  for (const site of control.siteNames)
    assert.equal(control.site(site).verifyLink(forAll.token)?.id, forAll.id)
  assert.equal(JSON.stringify(await control.history()).includes(token.slice(-43)), false)
  assert.equal(JSON.stringify([control.links(), await store.read()]).includes(token.slice(-43)), false)
})

test('a link is good for 12 hours, or as long as was said, and then gone', async (t) => {
  let nowMs = Date.UTC(2030, 0, 1) + 1
  const control = await open(t, { now: () => nowMs })
  const [usual, short] = [await control.addLink(), await control.addLink({ for: '1s' })]
  assert.equal(usual.expiresAt, '2030-01-01T12:00:01.000Z')
  const shop = control.site('shop')
  nowMs += 1998
  assert.equal(shop.verifyLink(short.token)?.id, short.id)
  nowMs += 1
  assert.equal(shop.verifyLink(short.token), null)
  assert.deepEqual(
    control.links().map(({ id }) => id),
    [usual.id]
  )
  nowMs = Date.parse(usual.expiresAt) - 1
  assert.ok(shop.verifyLink(usual.token))
  nowMs++
  assert.equal(shop.verifyLink(usual.token), null)
  await assert.rejects(control.revokeLink(usual.id), { code: 'ERR_NOT_FOUND' })
})

test('a link that is taken back opens nothing, and the others go on', async (t) => {
  const control = await open(t)
  const [one, other] = [await control.addLink(), await control.addLink()]
  const revoked = await control.revokeLink(one.id, { by: 'ann', reason: 'lost' })
  assert.deepEqual(revoked.id, one.id)
  assert.equal(control.site('shop').verifyLink(one.token), null)
  assert.ok(control.site('shop').verifyLink(other.token))
  await assert.rejects(control.revokeLink(one.id), {
    code: 'ERR_NOT_FOUND',
    message: /there is no bypass link/
  })
  const [{ action, subject, by, reason } = assert.fail()] = await control.history()
  assert.deepEqual([action, subject, by, reason], ['link-revoke', one.id, 'ann', 'lost'])
})

test('what is refused makes no link', async (t) => {
  const control = await open(t)
  const wrong: [string, object][] = [
    ['for', { for: '12' }],
    ['for', { for: '0s' }],
    ['for', { for: '367d' }],
    ['label', { label: 'a\u0000b' }],
    ['site', { site: 'nowhere' }],
    ['lable', { lable: 'x' }]
  ]
  for (const [field, request] of wrong) await assert.rejects(control.addLink(request), { field })
  await assert.rejects(control.addLink({ ifRevision: 5 }), { code: 'ERR_STATE_CONFLICT' })
  assert.equal(control.revision, 0)
})

/** A state with one link, and what makes tokens that are right in every way but one. */
async function withLink(
  t: TestContext
): Promise<{ state: SharedState; token: string; sign: (text: string) => string }> {
  const store = createMemoryStore()
  const control = await open(t, { store })
  const { token } = await control.addLink()
  const state = (await store.read()) ?? assert.fail()
  const key = Buffer.from(state.bypassKey ?? '', 'base64url')
  return {
    state,
    token,
    sign: (text) => `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
  }
}

test('a token that is forged, cut, changed or of another kind opens nothing and breaks nothing', async (t) => {
  const { state, token, sign } = await withLink(t)
  const verify = (value: unknown): unknown => verifyToken(state, value, 'shop', Date.now())
  const [id = '', expiry = '', mac = ''] = token.split('.')
  assert.ok(verify(token))
  assert.equal(sign(`${id}.${expiry}`), token)
  const strange = [undefined, null, 5, true, {}, [], [token], { toString: () => token }, Buffer.from(token)]
  const changed = [
    ...['', '.', '..', id, `${id}.${expiry}`, `${id}.${expiry}.`, `.${mac}`, ` ${token}`, `${token} `],
    ...[`${token}=`, `${token}.`, token.toUpperCase(), token.replace('.', '..'), `${token}\u0000`],
    ...[`${id}.${Number(expiry) + 1}.${mac}`, `x${token.slice(1)}`, token.repeat(2), 'x'.repeat(100_000)],
    ...[
      `${token}\ud800`,
      `${id}.${expiry}.${'é'.repeat(43)}`,
      `${id}.${expiry}.${Buffer.from(mac).toString('base64')}`
    ]
  ]
  // Signed with the right key, but not what was handed out.
  const signed = [
    ...[
      '',
      id,
      `${id}.`,
      `${id}.${expiry}.1`,
      `${id}.${Number(expiry) + 1}`,
      `${id}.0${expiry}`,
      `${id}.NaN`
    ],
    ...[
      `nobody.${expiry}`,
      `${id}.-1`,
      `${id}.1e10`,
      `${id}.Infinity`,
      `${id}. ${expiry}`,
      `__proto__.${expiry}`
    ]
  ].map(sign)
  for (const value of [...strange, ...changed, ...signed]) assert.equal(verify(value), null, String(value))
  for (let end = 0; end < token.length; end++) assert.equal(verify(token.slice(0, end)), null)
  assert.equal(verifyToken({ ...state, bypassKey: null }, token, 'shop', Date.now()), null)
  assert.equal(verifyToken({ ...state, bypassKey: 'A'.repeat(43) }, token, 'shop', Date.now()), null)
  assert.equal(verifyToken({ ...state, links: [] }, token, 'shop', Date.now()), null)
})

test('any change of a character makes a token worthless', async (t) => {
  const { state, token } = await withLink(t)
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.string({ unit: 'binary', maxLength: 2 }), (at, text) => {
      const forged = token.slice(0, at) + text + token.slice(at + 1)
      if (forged !== token) assert.equal(verifyToken(state, forged, 'shop', Date.now()), null)
    }),
    { numRuns: 2000 }
  )
})

test('anything at all is either no token, or the one that was handed out', async (t) => {
  const { state } = await withLink(t)
  fc.assert(fc.property(fc.anything(), (value) => verifyToken(state, value, 'shop', Date.now()) === null))
})

test('the key is made once, and is not told', async (t) => {
  const store = createMemoryStore()
  const control = await open(t, { store })
  const first = await control.addLink()
  const key = (await store.read())?.bypassKey ?? assert.fail()
  assert.equal(Buffer.from(key, 'base64url').length, 32)
  const second = await control.addLink()
  assert.equal((await store.read())?.bypassKey, key)
  const told = JSON.stringify([first, second, control.links(), await control.history()])
  assert.equal(told.includes(key), false)
  assert.equal(new Set([first.id, second.id]).size, 2)
  assert.ok(Date.parse(first.expiresAt) - Date.now() > 11 * HOUR)
})
