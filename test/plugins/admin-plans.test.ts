import assert from 'node:assert/strict'
import test from 'node:test'
import { type AdminApi, type Answer, assertProblem, startAdmin } from '../helpers/admin.ts'

const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString()

async function planned({ call }: AdminApi): Promise<Record<string, unknown>[]> {
  return (await call('GET', '/schedule')).body.windows as Record<string, unknown>[]
}

test('windows are planned, listed in their order, and taken out of the plan', async (t) => {
  const api = await startAdmin(t, { sites: ['shop', 'blog'] })
  const { call } = api
  const plan = (body: object): Promise<Answer> => call('POST', '/schedule', body)
  const later = await plan({ from: inMinutes(120), for: '1h', message: 'Later' })
  const sooner = await plan({ from: inMinutes(10), until: inMinutes(20), site: 'shop', mode: 'read-only' })
  assert.deepEqual([later.status, sooner.status], [201, 201])
  assert.equal(later.headers.get('location'), `schedule/${String(later.body.id)}`)
  assert.deepEqual(
    [later.body.site, later.body.mode, later.body.message, later.body.by],
    [null, 'maintenance', 'Later', 'admin']
  )
  assert.deepEqual(
    (await planned(api)).map(({ id }) => id),
    [sooner.body.id, later.body.id]
  )
  const status = (await call('GET', '/status')).body.sites as { site: string; next: { id: string } }[]
  assert.deepEqual(
    status.map(({ site, next }) => [site, next.id]),
    [
      ['shop', sooner.body.id],
      ['blog', later.body.id]
    ]
  )

  const removed = await call('DELETE', `/schedule/${String(later.body.id)}`, { reason: 'not needed' })
  assert.deepEqual([removed.status, removed.body.id], [200, later.body.id])
  assertProblem(await call('DELETE', `/schedule/${String(later.body.id)}`), 404)
  assert.equal((await planned(api)).length, 1)
})

test('an overlap is refused by the name of the other window, and so is a time without a zone', async (t) => {
  const api = await startAdmin(t, { sites: ['shop', 'blog'] })
  const { call } = api
  const first = await call('POST', '/schedule', { from: inMinutes(10), for: '1h', site: 'shop' })
  const overlap = await call('POST', '/schedule', { from: inMinutes(30), for: '1h' })
  assertProblem(overlap, 400, 'from')
  assert.ok(String(overlap.body.detail).includes(String(first.body.id)))
  assert.equal(
    (await call('POST', '/schedule', { from: inMinutes(30), for: '1h', site: 'blog' })).status,
    201
  )
  for (const [field, body] of [
    ['from', { from: '2999-01-01T10:00', for: '1h' }],
    ['from', { from: 'tomorrow', for: '1h' }],
    ['from', { for: '1h' }],
    ['from', { from: inMinutes(-10), for: '1h' }],
    ['until', { from: inMinutes(600) }],
    ['until', { from: inMinutes(600), until: inMinutes(500) }],
    ['for', { from: inMinutes(600), for: '90' }],
    ['site', { from: inMinutes(600), for: '1h', site: 'elsewhere' }],
    ['wait', { from: inMinutes(600), for: '1h', wait: 'none' }]
  ] as const) {
    assertProblem(await call('POST', '/schedule', body), 400, field)
  }
  assert.equal((await planned(api)).length, 2)
})

test('a plan that insists on a revision is refused when anything has changed', async (t) => {
  const { call } = await startAdmin(t)
  const body = { from: inMinutes(10), for: '1h' }
  await call('PUT', '/maintenance')
  assertProblem(await call('POST', '/schedule', body, { 'if-match': '"0"' }), 412, 'If-Match')
  const etag = (await call('GET', '/schedule')).headers.get('etag') ?? ''
  assert.equal((await call('POST', '/schedule', body, { 'if-match': etag })).status, 201)
})

test('a bypass link is told with its token once, and revoked by its name', async (t) => {
  const origins = (site: string | null): string[] => [`https://${site ?? 'any'}.example`]
  const { call, control } = await startAdmin(t, { sites: ['shop', 'blog'], origins })
  const made = await call('POST', '/bypass-links', { for: '2h', label: 'testers', site: 'shop' })
  assert.equal(made.status, 201)
  const { id, token, path, urls, label, by, site } = made.body as Record<string, string>
  assert.deepEqual([label, by, site], ['testers', 'admin', 'shop'])
  assert.equal(path, `/.intermission/bypass?token=${encodeURIComponent(token!)}`)
  assert.deepEqual(urls, [`https://shop.example${path}`])
  assert.equal(control.site('shop').verifyLink(token)?.id, id)
  assert.equal(control.site('blog').verifyLink(token), null)
  const listed = await call('GET', '/bypass-links')
  assert.deepEqual(
    (listed.body.links as { id: string }[]).map((link) => link.id),
    [id]
  )
  assert.ok(!JSON.stringify(listed.body).includes(token!))
  assert.ok(!JSON.stringify((await call('GET', '/history')).body).includes(token!))

  assert.equal((await call('DELETE', `/bypass-links/${id}`)).status, 200)
  assert.equal(control.site('shop').verifyLink(token), null)
  assertProblem(await call('DELETE', `/bypass-links/${id}`), 404)
  assertProblem(await call('POST', '/bypass-links', { for: 'ever' }), 400, 'for')
  assertProblem(await call('POST', '/bypass-links', { site: 'elsewhere' }), 400, 'site')
})

test('the history tells who did what and why, the newest first', async (t) => {
  const { call } = await startAdmin(t)
  await call('PUT', '/maintenance', { by: 'ann', reason: 'disk', message: 'Back soon' })
  await call('DELETE', '/maintenance', { by: 'bob' })
  const { changes } = (await call('GET', '/history')).body as { changes: Record<string, unknown>[] }
  assert.deepEqual(
    changes.map(({ action, by, reason, mode, revision }) => [action, by, reason, mode, revision]),
    [
      ['leave', 'bob', null, 'live', 2],
      ['enter', 'ann', 'disk', 'maintenance', 1]
    ]
  )
})

test('a gateway that is alone is its only member, and cannot be forgotten', async (t) => {
  const { call } = await startAdmin(t)
  const { members } = (await call('GET', '/fleet')).body as { members: { id: string }[] }
  assert.equal(members.length, 1)
  assertProblem(await call('DELETE', `/fleet/${encodeURIComponent(members[0]!.id)}`), 404)
  assertProblem(await call('DELETE', '/fleet/elsewhere'), 404)
})
