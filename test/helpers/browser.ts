/** A real Chromium for tests, started once for a file. */
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core'
import { requirePackage } from './packages.ts'
import type { Cleanup } from './temp-dir.ts'
import { requireTool, type Skippable } from './tools.ts'

export type { Browser, BrowserContext, Page } from 'playwright-core'

/** Quiet: a browser that asks nobody but the test. */
export const BROWSER_FLAGS: string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

/**
 * Starts Chromium; it is closed when the test ends.
 *
 * @returns undefined after the test was marked as skipped, because there is none
 */
export async function startBrowser(t: Cleanup & Skippable): Promise<Browser | undefined> {
  const playwright = requirePackage<typeof import('playwright-core')>(t, 'playwright-core')
  const executablePath = requireTool(t, 'chromium')
  if (playwright === undefined || executablePath === undefined) return undefined
  const browser = await playwright.chromium.launch({ executablePath, args: BROWSER_FLAGS })
  t.after(() => browser.close())
  return browser
}

/** A visitor with a browser profile of their own. */
export async function visitor(
  t: Cleanup,
  browser: Browser,
  options: BrowserContextOptions = {}
): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  t.after(() => context.close())
  return context
}
