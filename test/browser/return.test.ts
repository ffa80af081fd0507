import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Page, startBrowser, visitor } from '../helpers/browser.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { httpUpstream, type Upstream } from '../helpers/upstream.ts'

const TOKEN = 'the-right-token-of-the-admin'
const RETURN_WITHIN_MS = 5000
const PAGE = `<!doctype html><title>The app</title><h1>The app</h1>
  <form method="post" action="/orders"><input name="what"><button>Order</button></form>`

interface Shop {
  app: Upstream
  gateway: GatewayProcess
  /** What the app was asked, as `GET /path`. */
  asked: string[]
}

/** An app with a form, behind a gateway. `/slow` never answers. */
async function shop(t: Cleanup, args: string[] = []): Promise<Shop> {
  const asked: string[] = []
  const app = await httpUpstream(t, (request, response) => {
    if (!request.url?.includes('favicon')) asked.push(`${request.method} ${request.url}`)
    if (request.url === '/slow') return
    response.setHeader('content-type', 'text/html').end(PAGE)
  })
  const all = ['--upstream', app.url, '--admin-token', TOKEN, '--access-log', 'off', ...args]
  return { app, asked, gateway: await startGateway(t, all) }
}

async function change(gateway: GatewayProcess, method: 'PUT' | 'DELETE', body?: object): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
  assert.equal((await fetch(`${gateway.adminUrl}/maintenance`, init)).status, 200)
}

/** Waits until the tab shows the app again, and checks that this is soon enough. */
async function isBack(t: { diagnostic(text: string): void }, page: Page): Promise<void> {
  const fromMs = performance.now()
  await page.getByRole('heading', { name: 'The app' }).waitFor({ timeout: RETURN_WITHIN_MS })
  t.diagnostic(`back after ${Math.round(performance.now() - fromMs)} ms`)
}

test('a tab waits and returns', async (t) => {
  const browser = await startBrowser(t)
  if (browser === undefined) return

  await t.test('to the same address when the app is back, without a click', async (t) => {
    const { app, gateway } = await shop(t)
    const page = await (await visitor(t, browser)).newPage()
    const address = `${gateway.url}/shop/cart?item=1&size=%C3%A9#total`
    await page.goto(address)
    await app.stop()
    await page.reload()
    await page.getByText('We cannot reach this site right now').waitFor()
    await sleep(2000)
    assert.equal(page.url(), address)
    await app.start()
    await isBack(t, page)
    assert.equal(page.url(), address)
  })

  await t.test('when maintenance is over, having shown a message that came later', async (t) => {
    const { gateway } = await shop(t)
    const page = await (await visitor(t, browser)).newPage()
    await change(gateway, 'PUT', { message: 'Back at nine' })
    await page.goto(`${gateway.url}/shop`)
    await page.getByText('Back at nine').waitFor()
    await change(gateway, 'PUT', { message: 'Back at ten', for: '30m' })
    await page.getByText('Back at ten').waitFor({ timeout: RETURN_WITHIN_MS })
    await page.getByText('in 30 minutes').waitFor()
    await change(gateway, 'DELETE')
    await isBack(t, page)
    assert.equal(page.url(), `${gateway.url}/shop`)
  })

  await t.test('but a form is not sent again: it is said, and what was typed is kept', async (t) => {
    const { app, gateway, asked } = await shop(t)
    const page = await (await visitor(t, browser)).newPage()
    await page.goto(`${gateway.url}/form`)
    await page.fill('input', 'two of them')
    await app.stop()
    await page.click('text=Order')
    await page.getByText('Your form was not sent').waitFor()
    asked.length = 0
    await app.start()
    await page.getByText('You can go back and send your form now').waitFor({ timeout: RETURN_WITHIN_MS })
    await sleep(3000)
    assert.deepEqual(asked, [])
    assert.equal(page.url(), `${gateway.url}/orders`)
    await page.click('text=Back to the form')
    await page.waitForURL(`${gateway.url}/form`)
    assert.equal(await page.inputValue('input'), 'two of them')
    await page.click('text=Order')
    await page.getByRole('heading', { name: 'The app' }).waitFor()
    assert.equal(asked.filter((what) => what === 'POST /orders').length, 1)
  })

  await t.test('also in read-only, where a form is refused and reading goes on', async (t) => {
    const { gateway, asked } = await shop(t)
    const page = await (await visitor(t, browser)).newPage()
    await change(gateway, 'PUT', { mode: 'read-only' })
    await page.goto(`${gateway.url}/form`)
    await page.fill('input', 'one')
    await page.click('text=Order')
    await page.getByText('Nothing can be saved right now').waitFor()
    await change(gateway, 'DELETE')
    await page.getByText('You can go back and send your form now').waitFor({ timeout: RETURN_WITHIN_MS })
    assert.ok(!asked.includes('POST /orders'))
  })

  await t.test('in peace where the app is up and the page comes all the same', async (t) => {
    const { gateway, asked } = await shop(t, ['--response-timeout', '300ms'])
    const page = await (await visitor(t, browser)).newPage()
    await page.goto(`${gateway.url}/slow`)
    await page.getByText('This is taking too long').waitFor()
    await sleep(6000)
    assert.deepEqual(asked, ['GET /slow'])
  })
})
