import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Closed, closedSite } from '../helpers/closed.ts'
import { type RawClient, rawClient } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'

interface Deaf extends Closed {
  /** What has become of the connections of the app, in their order. */
  readonly ends: ('told' | 'closed')[]
  begin(path: string): Promise<RawClient>
  readonly asked: number
}

/** A gateway in front of an app that hears that nobody waits for it, and goes on; it answers what `answer` sends. */
async function deafApp(
  t: Cleanup,
  answer: (send: (text: string) => void) => Promise<void>,
  more: object = {}
): Promise<Deaf> {
  const ends: ('told' | 'closed')[] = []
  let asked = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('end', () => void ends.push('told'))
    socket.on('error', () => {}).on('close', () => void ends.push('closed'))
    socket.once('data', async () => {
      asked++
      await answer((text) => void socket.write(text))
      socket.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const proxy = { upstream: `http://127.0.0.1:${port}`, abandonedTimeoutMs: 60_000, ...more }
  const gateway = await closedSite(t, {}, { proxy })
  return {
    ...gateway,
    ends,
    get asked() {
      return asked
    },
    async begin(path) {
      const before = asked
      const client = await rawClient(t, gateway.port)
      client.send(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx`)
      await waitUntil(() => asked > before)
      return client
    }
  }
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'
const drain = { wait: 'drained', timeout: '5s' } as const

test('an app that goes on when its client has left is told at once, and done when it has answered', async (t) => {
  const { site, begin, ends } = await deafApp(t, async (send) => {
    await sleep(500)
    send(`${HEAD}done`)
  })
  const client = await begin('/')
  client.socket.destroy()
  await waitUntil(() => ends.includes('told'), 200)
  const startMs = performance.now()
  const { wait } = await site.enter(drain)
  assert.equal(wait.outcome, 'complete')
  const tookMs = performance.now() - startMs
  assert.ok(tookMs > 300 && tookMs < 3000, `${tookMs} ms`)
})

test('the same after a time-out of ours', async (t) => {
  const responding = { responseTimeoutMs: 200 }
  const { site, ask } = await deafApp(
    t,
    async (send) => {
      await sleep(300)
      send(`${HEAD}done`)
    },
    responding
  )
  assert.equal((await ask('/')).status, 504)
  assert.equal(site.inFlight.abandoned, 1)
  assert.equal((await site.enter(drain)).wait.outcome, 'complete')
})

test('an answer that has no end is cut, and the app is taken to go on', async (t) => {
  let isOver = false
  t.after(() => {
    isOver = true
  })
  const { site, begin, ends } = await deafApp(t, async (send) => {
    await sleep(100)
    send('HTTP/1.1 200 OK\r\n\r\n')
    while (!isOver) {
      send('x'.repeat(10_000))
      await sleep(1)
    }
  })
  const client = await begin('/')
  client.socket.destroy()
  await waitUntil(() => ends.includes('closed'), 2000)
  const { wait } = await site.enter({ ...drain, timeout: '20ms' })
  assert.deepEqual([wait.outcome, wait.abandoned], ['not-proven', 1])
})

test('by force the app is cut off at once, also where its answer was waited for', async (t) => {
  const { site, begin, ends } = await deafApp(t, () => sleep(3000), { abandonedTimeoutMs: 100 })
  const client = await begin('/')
  client.socket.destroy()
  await waitUntil(() => ends.includes('told'))
  const { wait } = await site.enter({ ...drain, timeout: '20ms', force: true })
  assert.equal(wait.outcome, 'complete')
})

test('only so many answers are waited for over a connection of their own', async (t) => {
  let isOver = false
  const gateway = await deafApp(t, async () => {
    while (!isOver) await sleep(10)
  })
  t.after(() => {
    isOver = true
  })
  for (let n = 0; n < 260; n++) (await gateway.begin(`/${n}`)).socket.destroy()
  await waitUntil(() => gateway.site.inFlight.abandoned === 260)
  const [upstream] = gateway.app.proxy.upstreams
  assert.equal(upstream?.connections, 0)
})
