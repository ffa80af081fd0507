import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { packageRoot } from '../../src/package-root.ts'
import { startGateway, startProcess } from '../helpers/process.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { DEBIAN_PYTHON, requirePythonModule, requireTool } from '../helpers/tools.ts'
import { openBrowser } from './browser.ts'

const folder = join(packageRoot, 'examples/django')
const page = readFileSync(join(folder, 'pages/50x.html'), 'utf8')

test('the Django example runs behind the gateway', async (t) => {
  if (!requireTool(t, 'gunicorn') || !requirePythonModule(t, 'django')) return
  const data = tempDir(t)
  const url = await startExample(t, data)
  const socket = join(data, 'app.sock')

  await t.test('the home page comes over the unix socket', async () => {
    const home = await openBrowser(url).get('/')
    assert.equal(home.status, 200)
    assert.match(home.body, /<h1>Django behind a gateway<\/h1>/)
    assert.match(home.headers.get('server') ?? '', /gunicorn/)
  })

  await t.test('a form with its CSRF token is taken, and one without is not', async () => {
    const browser = openBrowser(url)
    const token = (await browser.get('/')).field('csrfmiddlewaretoken')
    const said = await browser.post('/say', { csrfmiddlewaretoken: token, text: 'grüß <b>' })
    assert.equal(said.status, 200)
    assert.match(said.body, /<q>grüß &lt;b&gt;<\/q>/)
    assert.equal((await browser.post('/say', { text: 'x' })).status, 403)
  })

  await t.test("Django's admin lets in who logs in, and out again", async () => {
    const browser = openBrowser(url)
    const refused = await browser.get('/admin/')
    assert.equal(refused.status, 302)
    assert.equal(refused.location, '/admin/login/?next=/admin/')

    const form = await browser.get('/admin/login/?next=/admin/')
    assert.equal(form.status, 200)
    assert.deepEqual(browser.cookies(), ['csrftoken'])
    const sheet = /href="(\/static\/[^"]+\.css)"/.exec(form.body)?.[1] ?? assert.fail('no style sheet')
    const style = await browser.get(sheet)
    assert.equal(style.status, 200)
    assert.match(style.headers.get('content-type') ?? '', /^text\/css/)
    assert.equal(style.headers.get('server'), null, 'the gateway serves static files')

    const login = {
      csrfmiddlewaretoken: form.field('csrfmiddlewaretoken'),
      username: 'demo',
      next: '/admin/'
    }
    const wrong = await browser.post('/admin/login/?next=/admin/', { ...login, password: 'wrong' })
    assert.equal(wrong.status, 200)
    const right = await browser.post('/admin/login/?next=/admin/', { ...login, password: 'demo' })
    assert.equal(right.status, 302)
    assert.equal(right.location, '/admin/')
    assert.deepEqual(browser.cookies().sort(), ['csrftoken', 'sessionid'])

    const inside = await browser.get('/admin/')
    assert.equal(inside.status, 200)
    assert.match(inside.body, /Site administration/)
    assert.equal((await browser.get('/admin/logout/')).status, 200)
    assert.deepEqual(browser.cookies(), ['csrftoken'])
    assert.equal((await browser.get('/admin/')).status, 302)
  })

  await t.test(
    "a 502 of Django's own arrives with Django's body, unless it is to be intercepted",
    async (t) => {
      const own = await openBrowser(url).get('/own-502')
      assert.equal(own.status, 502)
      assert.equal(own.body, 'Django says: the payment service did not answer.\n')
      assert.equal(own.headers.get('intermission-reason'), null)

      const flags = [
        '--upstream',
        `unix:${socket}`,
        '--pages',
        join(folder, 'pages'),
        '--intercept-errors',
        '502'
      ]
      const strict = await startGateway(t, flags)
      const intercepted = await openBrowser(strict.url).get('/own-502')
      assert.equal(intercepted.status, 502)
      assert.equal(intercepted.body, page)
      assert.equal(intercepted.headers.get('intermission-reason'), 'intercepted')
    }
  )

  await t.test(
    'after kill -9 of Gunicorn the next request gets 50x.html, and after its return Django',
    async (t) => {
      killGunicorn(data)
      for (const method of ['GET', 'POST', 'HEAD']) {
        const body = method === 'POST' ? { body: new URLSearchParams({ text: 'x' }) } : {}
        const answer = await fetch(`${url}/say`, {
          method,
          ...body,
          headers: { accept: 'text/html', 'accept-encoding': 'identity' }
        })
        assert.equal(answer.status, 502, method)
        assert.equal(answer.headers.get('intermission-reason'), 'upstream-unreachable')
        assert.equal(answer.headers.get('content-length'), String(Buffer.byteLength(page)))
        assert.equal(await answer.text(), method === 'HEAD' ? '' : page, method)
      }

      const again = startProcess(t, DEBIAN_PYTHON, ['-m', 'gunicorn', '--bind', `unix:${socket}`, 'app'], {
        cwd: folder,
        env: { DJANGO_DATA: data, PYTHONDONTWRITEBYTECODE: '1' }
      })
      await again.waitFor(/Booting worker/)
      assert.equal((await openBrowser(url).get('/')).status, 200)
      await again.stop()
    }
  )
})

/** Runs the example the way its README says, and gives the address of its gateway. */
async function startExample(t: TestContext, data: string): Promise<string> {
  const flags = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--state-dir', join(data, 'state')]
  const example = startProcess(t, join(folder, 'run.sh'), flags, { env: { DATA: data }, group: true })
  const url = await example.waitFor(/^intermission listening on (\S+)$/m)
  await example.waitFor(/Booting worker/)
  return url
}

/** `kill -9` of the master and of its workers, which would go on answering for a while without it. */
function killGunicorn(data: string): void {
  const master = Number(readFileSync(join(data, 'gunicorn.pid'), 'utf8'))
  const workers = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').split(' ').filter(Boolean)
  for (const pid of [master, ...workers.map(Number)]) process.kill(pid, 'SIGKILL')
}
