import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { packageRoot } from '../../src/package-root.ts'
import { startGateway, startProcess } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { openBrowser } from './browser.ts'

const folder = join(packageRoot, 'examples/node')

async function startApp(t: Cleanup, env: Record<string, string>): Promise<string> {
  const app = startProcess(t, process.execPath, [join(folder, 'app.js')], { env })
  return app.waitFor(/^app listening on (\S+)$/m)
}

test('the Node example runs behind the gateway', async (t) => {
  const upstream = await startApp(t, { PORT: '0' })
  const { url } = await startGateway(t, ['--upstream', upstream, '--static', join(folder, 'static')])
  const browser = openBrowser(url)

  await t.test('its page comes from the app and its style sheet from the gateway', async () => {
    const home = await browser.get('/')
    assert.equal(home.status, 200)
    assert.match(home.body, /<h1>The app<\/h1>/)
    const style = await browser.get('/style.css')
    assert.equal(style.body, readFileSync(join(folder, 'static/style.css'), 'utf8'))
    assert.match(style.headers.get('content-type') ?? '', /^text\/css/)
  })

  await t.test('its form is sent, and what was typed is escaped', async () => {
    const answer = await browser.post('/greet', { name: 'Zoë <b>' })
    assert.equal(answer.status, 200)
    assert.match(answer.body, /Hello, Zoë &lt;b&gt;!/)
    assert.equal((await browser.post('/greet', { name: 'x'.repeat(20_000) })).status, 413)
  })

  await t.test('its own 404 arrives as it is', async () => {
    const answer = await browser.get('/nowhere')
    assert.equal(answer.status, 404)
    assert.match(answer.body, /There is nothing here/)
  })

  await t.test('its events arrive one by one while the answer goes on', async () => {
    const abort = new AbortController()
    const response = await fetch(`${url}/events`, { signal: abort.signal })
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (text.split('\n\n').length <= 2)
      text += (await reader.read()).value ?? assert.fail('the stream ended')
    assert.match(text, /^data: \d{4}-.*\n\ndata: \d{4}-.*\n\n$/)
    abort.abort()
  })

  await t.test('its slow answer arrives too', async () => {
    const answer = await browser.get('/slow')
    assert.equal(answer.status, 200)
    assert.match(answer.body, /Here at last/)
  })
})

test('the Node example runs on a unix socket', async (t) => {
  const upstream = await startApp(t, { SOCKET: join(tempDir(t), 'app.sock') })
  assert.match(upstream, /^unix:/)
  const { url } = await startGateway(t, ['--upstream', upstream, '--admin', 'off'])
  assert.equal((await openBrowser(url).get('/')).status, 200)
})
