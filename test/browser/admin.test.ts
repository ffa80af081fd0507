import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, type Page, startBrowser, visitor } from '../helpers/browser.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { httpUpstream, type Upstream } from '../helpers/upstream.ts'

const TOKEN = 'the-right-token-of-the-admin'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const XSS = '<img src=x onerror="window.hacked = 1">'

interface Setup {
  browser: Browser
  app: Upstream
  gateway: GatewayProcess
}

async function setUp(t: Cleanup, browser: Browser): Promise<Setup> {
  const app = await httpUpstream(t, (_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><h1>The app</h1>')
  })
  const config = join(tempDir(t), 'c.yaml')
  const sites = 'sites: { shop: { hosts: [shop.localhost], brandName: The Shop } }'
  writeFileSync(config, `upstream: ${app.url}\nadminToken: ${TOKEN}\n${sites}\n`)
  return { browser, app, gateway: await startGateway(t, ['--config', config]) }
}

/** A tab with the admin page, signed in. */
async function adminTab(t: Cleanup, { browser, gateway }: Setup, options = {}): Promise<Page> {
  const page = await (await visitor(t, browser, options)).newPage()
  await signIn(page, gateway)
  return page
}

async function signIn(page: Page, { adminUrl }: GatewayProcess): Promise<void> {
  await page.goto(`${adminUrl}/`)
  await page.fill('#token', TOKEN)
  await page.click('text=Sign in >> nth=-1')
  await page.waitForSelector('article[aria-label=shop]')
}

const card = (page: Page) => page.locator('article[aria-label=shop]')
const press = (page: Page, name: string): Promise<void> => card(page).getByRole('button', { name }).click()

const modeIs = (page: Page, mode: string): Promise<void> =>
  card(page)
    .locator('.badge', { hasText: new RegExp(`^${mode}$`) })
    .waitFor()

async function axe(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const options = JSON.stringify({ runOnly: STANDARDS, resultTypes: ['violations'], iframes: false })
  return page.evaluate<string[]>(
    `axe.run(${options}).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ', ' + html)))`
  )
}

test('the admin page', async (t) => {
  const browser = await startBrowser(t)
  if (browser === undefined) return
  const setup = await setUp(t, browser)
  const { gateway } = setup
  const shopUrl = gateway.url.replace('127.0.0.1', 'shop.localhost')

  await t.test('lets in with the right token only, and keeps it for the tab', async (t) => {
    const context = await visitor(t, browser)
    const addresses: string[] = []
    context.on('request', (request) => addresses.push(request.url()))
    const page = await context.newPage()
    await page.goto(`${gateway.adminUrl}/`)
    await page.fill('#token', 'a-wrong-token-of-the-admin')
    await page.keyboard.press('Enter')
    await page.getByText('This is not the right token.').waitFor()
    assert.equal(await page.isVisible('#board'), false)
    await page.fill('#token', TOKEN)
    await page.keyboard.press('Enter')
    await page.waitForSelector('article[aria-label=shop]')
    assert.deepEqual(
      addresses.filter((address) => address.includes(TOKEN) || !address.startsWith(gateway.adminUrl)),
      []
    )
    const kept = await page.evaluate<string>(
      "JSON.stringify([Object.values(localStorage), document.cookie, indexedDB.databases ? 'asked' : ''])"
    )
    assert.ok(!kept.includes(TOKEN))
    assert.deepEqual(await context.cookies(), [])
    await page.reload()
    await page.waitForSelector('article[aria-label=shop]')
    const other = await context.newPage()
    await other.goto(`${gateway.adminUrl}/`)
    await other.waitForSelector('#sign-in:not([hidden])')
    await page.click('text=Sign out')
    await page.waitForSelector('#sign-in:not([hidden])')
    assert.equal(await page.evaluate('sessionStorage.length'), 0)
    assert.ok(!(gateway.stdout + gateway.stderr).includes(TOKEN))
  })

  await t.test(
    'enters with a message that visitors see, which the other tab shows within a second, and leaves',
    async (t) => {
      const visiting = await (await visitor(t, browser)).newPage()
      await visiting.goto(shopUrl)
      const [one, two] = [await adminTab(t, setup), await adminTab(t, setup)]
      await press(one, 'Maintenance')
      const dialog = one.getByRole('dialog')
      await dialog.getByLabel('Message to visitors').fill('Back at nine')
      await dialog.getByLabel('How long').fill('30m')
      const preview = one.frameLocator('iframe[title="What visitors will see"]')
      await preview.getByText('Back at nine').waitFor()
      assert.match(await preview.locator('body').innerText(), /The Shop[\s\S]*We will be back soon[\s\S]*UTC/)
      await dialog.getByRole('button', { name: 'Close shop now' }).click()
      await card(one).getByText('Back at nine').waitFor()
      const shownMs = performance.now()
      await card(two).getByText('Back at nine').waitFor()
      assert.ok(performance.now() - shownMs < 1000)
      await modeIs(two, 'Maintenance')
      await visiting.reload()
      assert.equal(await visiting.innerText('#message'), 'Back at nine')
      await press(two, 'Back to live')
      await modeIs(one, 'Live')
      await visiting.reload()
      assert.equal(await visiting.innerText('h1'), 'The app')
      const history = one.getByRole('group', { name: 'History' })
      await history.getByText('back to live').first().waitFor()
      assert.match(await history.innerText(), /back to live[\s\S]*entered maintenance[\s\S]*Back at nine/)
    }
  )

  await t.test('tells the second of two who change the same site', async (t) => {
    const [one, two] = [await adminTab(t, setup), await adminTab(t, setup)]
    await press(one, 'Read-only')
    await press(two, 'Maintenance')
    await one.getByRole('dialog').getByRole('button', { name: 'Close shop now' }).click()
    await modeIs(one, 'Read-only')
    await two.getByText(/Meanwhile admin has changed this site: it is read-only/).waitFor()
    await two.getByRole('button', { name: 'Cancel' }).click()

    // The second does not even hear of it: what it has seen is old, and the gateway says so.
    await two.route('**/events', (route) => route.abort())
    await two.reload()
    await two.unrouteAll()
    await two.waitForSelector('article[aria-label=shop]')
    await press(two, 'Hold')
    await two.route('**/sites/shop/maintenance', async (route) => {
      await press(one, 'Back to live')
      await modeIs(one, 'Live')
      await route.continue()
    })
    await two.getByRole('dialog').getByRole('button', { name: 'Close shop now' }).click()
    await two.getByText(/was changed by somebody else in the meantime, so nothing was done/).waitFor()
    await modeIs(one, 'Live')
  })

  await t.test('shows whatever the API says as text', async (t) => {
    const page = await adminTab(t, setup)
    await press(page, 'Maintenance')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Message to visitors').fill(XSS)
    await dialog.getByLabel('Why').fill(XSS)
    await dialog.getByRole('button', { name: 'Close shop now' }).click()
    await card(page).getByText(XSS).first().waitFor()
    await page.click('summary:has-text("Make a link")')
    await page.getByLabel('For whom').fill(XSS)
    await page.getByRole('button', { name: 'Make a link' }).click()
    await page.getByRole('group', { name: 'Bypass links' }).getByText(XSS).waitFor()
    await page.click('summary:has-text("Plan a window")')
    await page.getByLabel('From').fill(new Date(Date.now() + 86_400_000).toISOString().slice(0, 16))
    await page.locator('#schedule').getByLabel('How long').fill('30m')
    await page.locator('#schedule').getByLabel('Message').fill(XSS)
    await page.getByRole('button', { name: 'Plan a window' }).click()
    await page.getByRole('group', { name: 'Planned windows' }).getByText(XSS).waitFor()
    await page.getByRole('group', { name: 'History' }).getByText(XSS).first().waitFor()
    assert.equal(await page.evaluate('window.hacked'), undefined)
    assert.equal(await page.locator('#board img').count(), 0)
    await page.getByRole('button', { name: /Remove the window/ }).click()
    await page.getByText('Nothing is planned.').waitFor()
    await page.getByRole('button', { name: /Take back the link/ }).click()
    await page.getByText('There is no bypass link.').waitFor()
    await press(page, 'Back to live')
    await modeIs(page, 'Live')
  })

  await t.test('says that the connection is lost, and recovers', async (t) => {
    const page = await adminTab(t, setup)
    await page.getByText('Connected').waitFor()
    await page.context().setOffline(true)
    // What is open already is not cut by that.
    await page.route('**/events', (route) => route.abort())
    await page.reload().catch(() => undefined)
    await page.context().setOffline(false)
    await page.goto(`${gateway.adminUrl}/`)
    await page.getByText(/Connection lost, trying again/).waitFor()
    await page.unrouteAll()
    await page.getByText('Connected').waitFor()
    await page.waitForSelector('article[aria-label=shop]')
  })

  await t.test('axe finds nothing, light and dark, with and without a dialog', async (t) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await adminTab(t, setup, { colorScheme })
      await page.click('summary:has-text("Make a link")')
      await page.click('summary:has-text("Plan a window")')
      await page.getByRole('group', { name: 'History' }).waitFor()
      assert.deepEqual(await axe(page), [], colorScheme)
      await press(page, 'Hold')
      assert.deepEqual(await axe(page), [], `${colorScheme}, dialog`)
    }
  })

  await t.test('can be used with the keyboard alone', async (t) => {
    const page = await adminTab(t, setup)
    await card(page).getByRole('button', { name: 'Read-only' }).focus()
    await page.keyboard.press('Enter')
    const focused = (): Promise<string> => page.evaluate('document.activeElement.tagName')
    assert.equal(await focused(), 'TEXTAREA')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Read-only …')
    // Numbers that change do not take the focus away.
    await sleep(1200)
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Read-only …')
  })
})
