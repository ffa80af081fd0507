/** What axe finds on a page as it stands in the browser. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

/** WCAG 2.2 AA, and what is good practice besides. */
export const STANDARDS: string[] = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * @param runOnly standards or rules
 * @returns each finding as `rule, element`
 */
export async function axe(page: Page, runOnly: string[] = STANDARDS): Promise<string[]> {
  // Not as a script of the page: its policy would refuse it.
  await page.evaluate(AXE)
  const options = JSON.stringify({ runOnly, resultTypes: ['violations'], iframes: false })
  return page.evaluate<string[]>(
    `axe.run(${options}).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ', ' + html)))`
  )
}
