// Takes the pictures in docs/images/ of the built-in pages, by Chromium. The letters are those of Noto: Debian's packages
// fonts-noto-core and fonts-noto-cjk.
// usage: node --import tsx test/tools/screenshots.ts
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { startPreview } from '../../src/cli/preview-server.ts'
import { packageRoot } from '../../src/package-root.ts'
import { BROWSER_FLAGS } from '../helpers/browser.ts'

/** Always the same, so that the pictures change only when the pages do. */
const NOW = Date.parse('2030-01-31T08:35:00.000Z')
const BRAND = { name: 'Kiosk', color: '#8a2be2', supportUrl: 'mailto:help@kiosk.example' }
const SHOTS = [
  { name: 'maintenance-1440', path: 'en/maintenance-until', width: 1440, height: 900, scheme: 'light' },
  { name: 'maintenance-1440-dark', path: 'en/maintenance-until', width: 1440, height: 900, scheme: 'dark' },
  { name: 'form-768', path: 'de/unreachable-form', width: 768, height: 760, scheme: 'light' },
  { name: 'unreachable-320', path: 'en/unreachable', width: 320, height: 640, scheme: 'light' },
  { name: 'read-only-320', path: 'ja/read-only', width: 320, height: 640, scheme: 'dark' },
  { name: 'maintenance-320', path: 'ar/maintenance-until', width: 320, height: 640, scheme: 'light' }
] as const

const folder = join(packageRoot, 'docs/images')
mkdirSync(folder, { recursive: true })
const preview = await startPreview({ brand: BRAND }, 0, NOW)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: BROWSER_FLAGS })
for (const { name, path, width, height, scheme } of SHOTS) {
  const [language = 'en'] = path.split('/')
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    locale: language === 'en' ? 'en-GB' : language,
    timezoneId: 'Europe/Paris'
  })
  const page = await context.newPage()
  await page.clock.install({ time: NOW })
  await page.goto(preview.url + path)
  const file = join(folder, `${name}.png`)
  await page.screenshot({ path: file })
  console.log(`docs/images/${name}.png ${statSync(file).size} bytes`)
  await context.close()
}
await browser.close()
await preview.close()
