/** A gateway with two sites, and tabs with its admin page. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { type Browser, type Page, visitor } from '../helpers/browser.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { httpUpstream, type Upstream } from '../helpers/upstream.ts'

export const TOKEN = 'the-right-token-of-the-admin'

export interface Setup {
  browser: Browser
  app: Upstream
  gateway: GatewayProcess
}

export async function setUp(t: Cleanup, browser: Browser): Promise<Setup> {
  const app = await httpUpstream(t, (_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><h1>The app</h1>')
  })
  const config = join(tempDir(t), 'c.yaml')
  const sites = 'sites: { shop: { hosts: [shop.localhost], brandName: The Shop } }'
  writeFileSync(config, `upstream: ${app.url}\nadminToken: ${TOKEN}\n${sites}\n`)
  return { browser, app, gateway: await startGateway(t, ['--config', config]) }
}

/** A tab with the admin page, signed in. */
export async function adminTab(t: Cleanup, { browser, gateway }: Setup, options = {}): Promise<Page> {
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

export const card = (page: Page): Locator => page.locator('article[aria-label=shop]')
export const press = (page: Page, name: string): Promise<void> =>
  card(page).getByRole('button', { name }).click()

export const modeIs = (page: Page, mode: string): Promise<void> =>
  card(page)
    .locator('.badge', { hasText: new RegExp(`^${mode}$`) })
    .waitFor()
