import assert from 'node:assert/strict'
import test from 'node:test'
import { startPreview } from '../../src/cli/preview-server.ts'
import { type BrowserContext, type Page, startBrowser, visitor } from '../helpers/browser.ts'

const UNTIL = '2030-01-31T09:05:00.000Z'

// How a single page behaves in a browser, whatever the app does.
test('the built-in page', async (t) => {
  const browser = await startBrowser(t)
  if (browser === undefined) return
  const preview = await startPreview({}, 0)
  t.after(() => preview.close())
  const open = (context: BrowserContext, path: string): Promise<Page> => openAt(context, preview.url + path)

  await t.test('asks for nothing but itself and the status', async (t) => {
    const context = await visitor(t, browser)
    const asked: string[] = []
    context.on('request', (request) => asked.push(new URL(request.url()).pathname))
    const page = await context.newPage()
    await page.goto(`${preview.url}en/maintenance-until`)
    await page.waitForRequest(/\.intermission\/status/)
    assert.deepEqual([...new Set(asked)], ['/en/maintenance-until', '/.intermission/status'])
  })

  await t.test('breaks no rule of its own policy', async (t) => {
    const page = await (await visitor(t, browser)).newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(error.message))
    for (const name of ['maintenance-until', 'unreachable-form', 'link', 'error']) {
      await page.goto(`${preview.url}en/${name}`)
    }
    const complaints = said.filter((text) => !/^Failed to load resource: the server responded/.test(text))
    assert.deepEqual(complaints, [])
  })

  await t.test('does not move while it loads and when its script has run', async (t) => {
    for (const [width, language] of [
      [320, 'de'],
      [1440, 'en'],
      [320, 'ar']
    ] as const) {
      const context = await visitor(t, browser, { viewport: { width, height: 700 } })
      const page = await open(context, `${language}/maintenance-until`)
      await page.waitForRequest(/\.intermission\/status/)
      const shift = await page.evaluate<number>(`new Promise((resolve) => {
        let sum = 0
        new PerformanceObserver((list) => { for (const { value } of list.getEntries()) sum += value })
          .observe({ type: 'layout-shift', buffered: true })
        setTimeout(() => resolve(sum), 300)
      })`)
      assert.equal(shift, 0, `${language} at ${width}`)
    }
  })

  await t.test('says when in the visitor’s own time zone, and how long that is', async (t) => {
    const tokyo = await visitor(t, browser, { locale: 'de-DE', timezoneId: 'Asia/Tokyo' })
    const page = await tokyo.newPage()
    await page.clock.install({ time: new Date(Date.parse(UNTIL) - 25 * 60_000) })
    await page.setContent(await withUntil(preview.url, 'de'))
    assert.equal(await page.textContent('time'), '18:05')
    assert.equal(await page.textContent('.left'), 'in 25 Minuten')
    await page.clock.fastForward(60_000)
    assert.equal(await page.textContent('.left'), 'in 24 Minuten')
    await page.clock.fastForward(3600_000)
    assert.equal(await page.textContent('.left'), 'jeden Moment')
  })

  await t.test('is whole without scripts', async (t) => {
    const context = await visitor(t, browser, { javaScriptEnabled: false })
    const closed = await open(context, 'en/maintenance-until')
    const text = await closed.innerText('body')
    assert.match(text, /We will be back soon/)
    assert.match(text, /Your orders and your account are safe/)
    assert.match(text, /We expect to be back\s+.* UTC/)
    assert.match(text, /taken back as soon as it works again/)
    assert.equal(await closed.getAttribute('noscript meta[http-equiv=refresh]', 'content'), '30')
    await closed.click('text=Try again now')
    assert.match(closed.url(), /en\/maintenance-until$/)
    const form = await open(context, 'en/unreachable-form')
    const said = await form.innerText('body')
    assert.match(said, /Your form was not sent/)
    assert.match(said, /Your browser’s Back button/)
    assert.doesNotMatch(said, /We will tell you|Back to the form/)
    assert.equal(await form.locator('meta[http-equiv=refresh]').count(), 0)
  })

  await t.test('can be printed', async (t) => {
    const page = await open(await visitor(t, browser), 'en/maintenance-until')
    await page.emulateMedia({ media: 'print' })
    assert.equal(await page.isVisible('.actions'), false)
    assert.equal(await page.isVisible('#message'), true)
  })

  await t.test('can be used with the keyboard alone', async (t) => {
    const page = await open(await visitor(t, browser), 'en/unreachable')
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Try again now')
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')])
  })
})

async function openAt(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  return page
}

/** The page of maintenance with {@link UNTIL} as its end. */
async function withUntil(url: string, language: string): Promise<string> {
  const html = await (await fetch(`${url}${language}/maintenance-until`)).text()
  return html.replace(/datetime="[^"]*"/, `datetime="${UNTIL}"`)
}
