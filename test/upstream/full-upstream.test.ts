/** Apps that are there and take no more connections: those that they have taken are as good as before. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { linkSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type ListenOptions, type NetConnectOpts } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { front } from '../helpers/front.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'

interface FullApp {
  url: string
  /** Answers to `/slow` that were asked for. */
  slow: ServerResponse[]
  /** From now on it takes no connection, and its queue has no place left. */
  fill(): Promise<void>
}

async function appThatCanBeFull(t: TestContext, unix: boolean): Promise<FullApp> {
  const slow: ServerResponse[] = []
  const server = createServer({ keepAliveTimeout: 60_000 }, ({ url }, response) => {
    if (url === '/slow') slow.push(response)
    else response.end('ok')
  })
  const dir = tempDir(t)
  const path = join(dir, 'app.sock')
  const where: ListenOptions = unix ? { path: join(dir, 'first.sock') } : { port: 0, host: '127.0.0.1' }
  await new Promise<void>((resolve) => server.listen({ ...where, backlog: 1 }, resolve))
  t.after(() => server.closeAllConnections())
  const address = server.address()
  const to: NetConnectOpts =
    typeof address === 'object' ? { host: '127.0.0.1', port: address!.port } : { path }
  if (unix) linkSync(String(address), path)
  return {
    url: 'path' in to ? `unix:${path}` : `http://127.0.0.1:${to.port}`,
    slow,
    async fill() {
      // Somebody who keeps the listening socket open, and accepts nothing.
      const { fd } = (server as unknown as { _handle: { fd: number } })._handle
      const keeper = spawn('sleep', ['60'], { stdio: [fd, 'ignore', 'inherit'] })
      t.after(() => keeper.kill())
      await new Promise((resolve) => keeper.once('spawn', resolve))
      server.close()
      for (let i = 0; i < 4; i++) {
        const filler = connect(to).on('error', () => undefined)
        t.after(() => filler.destroy())
      }
      await sleep(100)
    }
  }
}

for (const [unix, status] of [
  [false, 504],
  [true, 502]
] as const) {
  test(`an app that takes no more connections is asked over those that it has, ${unix ? 'on a unix socket' : 'over TCP'}`, async (t) => {
    const full = await appThatCanBeFull(t, unix)
    const { url, app } = await front(t, { upstream: full.url, connectTimeoutMs: 300 })
    const first = fetch(`${url}/slow`)
    await waitUntil(() => full.slow.length === 1)
    await full.fill()
    // The one connection is in use, and there is no other.
    assert.equal((await fetch(url)).status, status)
    assert.notEqual(app.proxy.upstreams[0]!.breaker, 'closed')
    full.slow[0]!.end()
    assert.equal((await first).status, 200)
    for (let i = 0; i < 5; i++) {
      assert.equal((await fetch(url)).status, 200)
      assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 200)
    }
    // Who comes while it is in use gets it as soon as it is free.
    const second = fetch(`${url}/slow`)
    await waitUntil(() => full.slow.length === 2)
    const waiting = fetch(url)
    await sleep(10)
    full.slow[1]!.end()
    assert.deepEqual([(await second).status, (await waiting).status], [200, 200])
  })

  test(`also in a rush, ${unix ? 'on a unix socket' : 'over TCP'}`, async (t) => {
    const full = await appThatCanBeFull(t, unix)
    const { url, app } = await front(t, { upstream: full.url, connectTimeoutMs: 300 })
    let first = fetch(`${url}/slow`)
    await waitUntil(() => full.slow.length === 1)
    await full.fill()
    for (let trial = 1; ; trial++) {
      const rush = await Promise.all(Array.from({ length: 150 }, () => fetch(url)))
      assert.deepEqual(new Set(rush.map((response) => response.status)), new Set([status]))
      // They wait for the one connection, though only a few would be worth an attempt by now.
      let answered = 0
      const waiting = Array.from({ length: 20 }, () => fetch(url).finally(() => answered++))
      await waitUntil(() => app.proxy.held > 10 || answered > 0)
      full.slow.at(-1)!.end()
      assert.equal((await first).status, 200)
      const served = (await Promise.all(waiting)).filter((response) => response.status === 200)
      if (served.length > 10) return
      // For 50 ms at most, in which a busy machine may not come to all of them.
      assert.ok(trial < 5, `${served.length} of ${waiting.length}`)
      first = fetch(`${url}/slow`)
      await waitUntil(() => full.slow.length === trial + 1)
    }
  })
}
