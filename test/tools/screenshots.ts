// Takes the pictures in docs/images/ of the built-in pages and of the admin page, by Chromium. The letters are those of Noto: Debian's packages
// fonts-noto-core and fonts-noto-cjk.
// usage: node --import tsx test/tools/screenshots.ts
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { startPreview } from '../../src/cli/preview-server.ts'
import { packageRoot } from '../../src/package-root.ts'
import { BROWSER_FLAGS } from '../helpers/browser.ts'
import { startGateway } from '../helpers/process.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { okUpstream } from '../helpers/upstream.ts'

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
await preview.close()
await shootAdmin(join(folder, 'admin-1280.png'))
await browser.close()

/** The admin page of a gateway with two sites, one of which is closed, and the dialog to close the other. */
async function shootAdmin(file: string): Promise<void> {
  const undo: (() => unknown)[] = []
  const t = { after: (task: () => unknown) => undo.unshift(task) }
  const app = await okUpstream(t)
  const config = join(tempDir(t), 'intermission.yaml')
  const token = 'a-token-for-the-picture'
  const kiosk = `{ hosts: [kiosk.example], brandName: Kiosk, brandColor: "${BRAND.color}" }`
  writeFileSync(config, `upstream: ${app.url}\nadminToken: ${token}\nsites: { kiosk: ${kiosk} }\n`)
  const { adminUrl } = await startGateway(t, ['--config', config])
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, locale: 'en-GB' })
  await page.goto(`${adminUrl}/`)
  await page.fill('#token', token)
  await page.keyboard.press('Enter')
  await page.getByLabel('kiosk').getByRole('button', { name: 'Maintenance' }).first().click()
  await page.getByLabel('Message to visitors').fill('We are moving to a faster machine.')
  await page.getByRole('dialog').getByLabel('How long').fill('30m')
  await page.frameLocator('iframe').getByText('faster machine').waitFor()
  await page.screenshot({ path: file })
  console.log(`docs/images/admin-1280.png ${statSync(file).size} bytes`)
  for (const task of undo) await task()
}
