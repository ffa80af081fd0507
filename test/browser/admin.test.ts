import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { axe } from '../helpers/axe.ts'
import { startBrowser, visitor } from '../helpers/browser.ts'
import { adminTab, card, modeIs, press, setUp, TOKEN } from './admin-tab.ts'

const XSS = '<img src=x onerror="window.hacked = 1">'

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

  await t.test('names the zone of the times that it shows and asks for', async (t) => {
    const page = await adminTab(t, setup, { timezoneId: 'Asia/Tokyo' })
    await press(page, 'Read-only')
    await page.getByRole('dialog').getByRole('button', { name: 'Close shop now' }).click()
    await card(page)
      .getByText(/\d:\d\d.* GMT\+9/)
      .first()
      .waitFor()
    await page.getByLabel('From (Asia/Tokyo)').waitFor({ state: 'attached' })
    await press(page, 'Back to live')
    await modeIs(page, 'Live')
  })

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

  await t.test('shows names of sites, hosts, upstreams and gateways as text too', async (t) => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const status = (await (await fetch(`${gateway.adminUrl}/status`, { headers })).json()) as {
      sites: object[]
      members: object[]
    }
    const site = {
      ...status.sites[0],
      site: XSS,
      hosts: [XSS],
      by: XSS,
      reason: XSS,
      mode: 'hold',
      paths: [XSS]
    }
    const upstream = { name: XSS, breaker: XSS, isHealthy: false, busy: 1, connections: 1 }
    const told = {
      ...status,
      sites: [{ ...site, upstreams: [upstream] }],
      members: [{ ...status.members[0], id: XSS, host: XSS, version: XSS, state: XSS }]
    }
    const page = await (await visitor(t, browser)).newPage()
    const body = `event: status\ndata: ${JSON.stringify(told)}\n\n`
    await page.route('**/events', (route) => route.fulfill({ contentType: 'text/event-stream', body }))
    await page.goto(`${gateway.adminUrl}/`)
    await page.fill('#token', TOKEN)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: XSS }).waitFor()
    assert.equal((await page.innerText('#sites')).split(XSS).length, 8)
    assert.equal(await page.locator('#board img').count(), 0)
    assert.equal(await page.evaluate('window.hacked'), undefined)
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
