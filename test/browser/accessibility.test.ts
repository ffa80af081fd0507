import assert from 'node:assert/strict'
import test from 'node:test'
import { startPreview } from '../../src/cli/preview-server.ts'
import { samplePages } from '../../src/pages/samples.ts'
import { axe, STANDARDS } from '../helpers/axe.ts'
import { type Browser, startBrowser, visitor } from '../helpers/browser.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'

const LANGUAGES = ['en', 'de', 'fr', 'es', 'ja', 'ar']
const SAMPLES = samplePages(Date.now())
const PHONE = { width: 320, height: 640 }
const BRAND = { name: 'Kiosk', color: '#ffcc00', supportUrl: 'mailto:help@kiosk.example' }

test('axe does find what is wrong', async (t) => {
  const browser = await startBrowser(t)
  if (browser === undefined) return
  const page = await (await visitor(t, browser)).newPage()
  await page.setContent('<p style="color: #999">pale</p><img src="data:,">')
  assert.match((await axe(page, STANDARDS)).join('\n'), /color-contrast[\s\S]*image-alt/)
})

test('axe finds nothing on any page in any language, light and dark', async (t) => {
  const browser = await startBrowser(t)
  if (browser === undefined) return
  const preview = await startPreview({ brand: BRAND }, 0)
  t.after(() => preview.close())
  const found = await Promise.all(
    (['light', 'dark'] as const).map((scheme) => examineAll(t, browser, preview.url, scheme))
  )
  assert.deepEqual(found.flat(), [])
})

/** Everything that axe finds, as `language/page scheme: rule, element`. */
async function examineAll(
  t: Cleanup,
  browser: Browser,
  url: string,
  colorScheme: 'light' | 'dark'
): Promise<string[]> {
  const context = await visitor(t, browser, { colorScheme, viewport: PHONE })
  const page = await context.newPage()
  const found: string[] = []
  for (const language of LANGUAGES) {
    for (const { name } of SAMPLES) {
      await page.goto(`${url}${language}/${name}`)
      const wider = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth')
      if (wider) found.push(`${language}/${name}: is wider than ${PHONE.width} pixels`)
      // Between light and dark only colours differ.
      const rules = colorScheme === 'light' ? STANDARDS : ['color-contrast']
      for (const violation of await axe(page, rules))
        found.push(`${language}/${name} ${colorScheme}: ${violation}`)
    }
  }
  return found
}
