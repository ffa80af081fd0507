import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import test from 'node:test'
import { assertUnharmed, settled } from '../helpers/gateway-status.ts'
import { requirePackage } from '../helpers/packages.ts'
import { startGateway } from '../helpers/process.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { requireTool } from '../helpers/tools.ts'
import { httpUpstream } from '../helpers/upstream.ts'

/** As much of playwright-core as is used here. */
interface Page {
  goto(url: string): Promise<unknown>
  evaluate<T>(script: string): Promise<T>
  close(): Promise<void>
}

interface Playwright {
  chromium: {
    launch(options: object): Promise<{ newPage(): Promise<Page>; close(): Promise<void> }>
  }
}

const RETRY_MS = 100
const PAGE = `<!doctype html><title>Events</title><script>
  const seen = []
  let opened = 0
  const events = new EventSource('/events')
  events.onopen = () => opened++
  events.onmessage = ({ data, lastEventId }) => seen.push(lastEventId + ' ' + data)
</script>`

test("a browser's EventSource", async (t) => {
  const playwright = requirePackage<Playwright>(t, 'playwright-core')
  const executablePath = requireTool(t, 'chromium')
  if (playwright === undefined || executablePath === undefined) return

  const streams = new Set<ServerResponse>()
  const lastIds: (string | undefined)[] = []
  const app = await httpUpstream(t, (request, response) => {
    if (request.url !== '/events') {
      response.setHeader('content-type', 'text/html').end(PAGE)
      return
    }
    lastIds.push(request.headers['last-event-id']?.toString())
    streams.add(response)
    response.on('close', () => streams.delete(response))
    // Nothing but the head: the browser is connected as soon as that has arrived.
    response
      .writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      .flushHeaders()
  })
  const say = (text: string): void => {
    for (const stream of streams) stream.write(text)
  }
  const gateway = await startGateway(t, ['--upstream', app.url, '--access-log', 'off'])
  const flags = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu']
  const browser = await playwright.chromium.launch({ executablePath, args: flags })
  t.after(() => browser.close())
  const page = await browser.newPage()
  await page.goto(gateway.url)
  const seen = (): Promise<string[]> => page.evaluate<string[]>('seen')

  await t.test('opens at the head, before there is any event', async () => {
    await waitUntil(async () => (await page.evaluate<number>('opened')) === 1)
    assert.deepEqual(await seen(), [])
  })

  await t.test('gets each event while the stream goes on', async (t) => {
    say(`retry: ${RETRY_MS}\nid: 1\ndata: one\n\n`)
    const fromMs = performance.now()
    await waitUntil(async () => (await seen()).length === 1)
    t.diagnostic(`the first event took at most ${Math.round(performance.now() - fromMs)} ms`)
    say('id: 2\ndata: two, grüß\n\n')
    await waitUntil(async () => (await seen()).length === 2)
    assert.deepEqual(await seen(), ['1 one', '2 two, grüß'])
    assert.equal(streams.size, 1)
  })

  await t.test('comes back by itself after the app was restarted, and says where it was', async () => {
    await app.stop()
    await app.start()
    await waitUntil(async () => (await page.evaluate<number>('opened')) === 2)
    assert.equal(lastIds.at(-1), '2')
    say('id: 3\ndata: three\n\n')
    await waitUntil(async () => (await seen()).length === 3)
    assert.equal((await seen())[2], '3 three')
  })

  await t.test('is let go when the visitor leaves', async () => {
    await page.close()
    await settled(gateway, 2_000)
    await waitUntil(() => streams.size === 0)
  })
  assertUnharmed(gateway)
})
