import assert from 'node:assert/strict'
import test from 'node:test'
import { createPreviews } from '../../src/admin/previews.ts'
import { createAnswers } from '../../src/pages/answers.ts'
import { startAdmin } from '../helpers/admin.ts'
import { startGateway } from '../helpers/process.ts'

const PAGE = { html: Buffer.from('<p>page</p>'), contentType: 'text/html', policy: "default-src 'none'" }

test('the page and its files need no token, and run under a strict policy', async (t) => {
  const { port } = await startAdmin(t)
  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`)
  const index = await get('/')
  assert.equal(index.status, 200)
  const policy = index.headers.get('content-security-policy') ?? ''
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'$/)
  assert.doesNotMatch(policy, /unsafe|\*/)
  const html = await index.text()
  const files = [...html.matchAll(/(?:src|href)="(ui\/[\w.]+)"/g)].map(([, file]) => file!)
  assert.deepEqual(files, ['ui/admin.css', 'ui/app.js'])
  for (const file of files) {
    const answer = await get(`/${file}`)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.doesNotMatch(await answer.text(), /https?:\/\/(?!www\.w3)|innerHTML|localStorage|document\.cookie/)
  }
  for (const path of ['/ui/', '/ui/..%2fpages%2fpage.html', '/ui/package.json', '/ui/__proto__']) {
    assert.ok([401, 404].includes((await get(path)).status), path)
  }
})

test('the page stands below a prefix too', async (t) => {
  const gateway = await startGateway(t, ['--upstream', 'http://127.0.0.1:1', '--admin-path', '/-/admin'])
  const page = await fetch(`${gateway.url}/-/admin/`)
  assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8'])
  assert.equal((await fetch(`${gateway.url}/-/admin/ui/app.js`)).status, 200)
  assert.equal((await fetch(`${gateway.url}/-/admin/status`)).status, 401)
})

test('a preview is made with the token and looked at without, in a sandbox', async (t) => {
  const asked: unknown[] = []
  const { call, port } = await startAdmin(t, {
    preview(request) {
      asked.push(request)
      return request.site === 'default' ? PAGE : undefined
    }
  })
  const made = await call('POST', '/preview', { message: 'Hi', until: '2030-01-31T09:00Z', language: 'fr' })
  assert.equal(made.status, 201)
  assert.deepEqual(asked, [
    { site: 'default', mode: 'maintenance', message: 'Hi', until: '2030-01-31T09:00:00.000Z', language: 'fr' }
  ])
  const page = await fetch(`http://127.0.0.1:${port}/${String(made.body.path)}`)
  assert.deepEqual([page.status, await page.text()], [200, '<p>page</p>'])
  assert.equal(
    page.headers.get('content-security-policy'),
    "sandbox; frame-ancestors 'self'; default-src 'none'"
  )
  assert.equal((await fetch(`http://127.0.0.1:${port}/preview/x`)).status, 404)
  assert.equal((await call('POST', '/preview', { site: 'other' })).status, 404)
  assert.equal((await call('POST', '/preview', {}, { authorization: '' })).status, 401)
  for (const body of [
    { mode: 'live' },
    { for: '30' },
    { until: 'soon' },
    { language: '<' },
    { message: 'x'.repeat(2001) }
  ]) {
    const { status, body: problem } = await call('POST', '/preview', body)
    assert.deepEqual([status, problem.field], [400, Object.keys(body)[0]])
  }
})

test('a preview can be looked at for a minute, and only some are kept', async () => {
  let nowMs = 0
  const previews = createPreviews(
    () => PAGE,
    () => nowMs
  )
  const make = async (): Promise<string> => {
    const { content } = await previews.route.run({ params: {}, body: {}, ifMatch: undefined, holder: '' })
    return (content as { path: string }).path.replace('preview/', '')
  }
  const first = await make()
  nowMs = 59_000
  assert.equal(previews.find(first), PAGE)
  nowMs = 61_000
  assert.equal(previews.find(first), undefined)
  const second = await make()
  for (let more = 0; more < 32; more++) await make()
  assert.equal(previews.find(second), undefined)
})

test('what is previewed is the very page of the site', (t) => {
  const answers = createAnswers({ brand: { name: 'The Shop' } })
  t.after(() => answers.close())
  const { html, policy } = answers.render({ status: 503, reason: 'read-only', message: 'Moving' }, 'de')
  assert.match(
    html.toString(),
    /<html lang="de"[\s\S]*The Shop[\s\S]*Moving[\s\S]*Ihr Formular wurde nicht abgeschickt/
  )
  assert.match(String(policy), /^default-src 'none'; style-src 'sha256-/)
})
