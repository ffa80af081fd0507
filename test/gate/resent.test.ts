import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeCertificate } from '../helpers/certificate.ts'
import { type Asked, closedSite } from '../helpers/closed.ts'
import { startProcess } from '../helpers/process.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { tcpUpstream } from '../helpers/upstream.ts'

const outcomeOf = ({ status, reason }: Asked): string => `${status} ${reason}`

test('a request for which a connection is being opened when the gate closes is not sent over it', async (t) => {
  const { certPath, keyPath } = makeCertificate(t)
  const backend = startProcess(t, process.execPath, ['-e', TLS_APP, certPath, keyPath])
  const port = Number(await backend.waitFor(/port (\d+)/))
  const { site, ask } = await closedSite(
    t,
    {},
    { proxy: { upstream: `https://127.0.0.1:${port}`, upstreamTls: { verify: false } } }
  )
  const asked = ask('/', { method: 'POST', body: 'x' })
  await backend.waitFor(/connection/)
  const { wait } = await site.enter({ mode: 'hold', wait: 'drained', timeout: '5s' })
  assert.equal(wait.outcome, 'complete')
  // The app shakes hands only now.
  backend.signal('SIGUSR2')
  await backend.waitFor(/secure/)
  await sleep(100)
  assert.doesNotMatch(backend.stdout, /request/)
  await site.leave()
  assert.equal((await asked).status, 200)
  assert.equal(backend.stdout.split('request').length, 2)
})

const TLS_APP = `
  const { createServer } = require('node:net')
  const https = require('node:https')
  const { readFileSync } = require('node:fs')
  const [, cert, key] = process.argv
  const app = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    console.log('request')
    request.resume().on('end', () => response.end())
  }).on('secureConnection', () => console.log('secure'))
  let isSlow = true
  const waiting = []
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    console.log('connection')
    const begin = () => app.emit('connection', socket)
    if (isSlow) waiting.push(begin)
    else begin()
  }).listen(0, '127.0.0.1', () => console.log('port ' + server.address().port))
  process.on('SIGUSR2', () => {
    isSlow = false
    for (const begin of waiting.splice(0)) begin()
  })
`

for (const holdOnRefusedMs of [0, 5000]) {
  const how = holdOnRefusedMs === 0 ? 'over a kept connection' : 'with --hold-on-refused'
  test(`a request that the app has lost, ${how}, is not sent again in a hold, but after it`, async (t) => {
    let asked = 0
    let lose = (): void => {}
    const upstream = await tcpUpstream(t, (socket) => {
      socket.on('data', () => {
        asked++
        if (asked === 2) lose = () => socket.resetAndDestroy()
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      })
    })
    const {
      site,
      app: front,
      ask
    } = await closedSite(t, {}, { proxy: { upstream: upstream.url, holdOnRefusedMs } })
    assert.equal((await ask('/first')).status, 200)
    const lost = ask('/lost')
    await waitUntil(() => asked === 2)
    const entered = site.enter({ mode: 'hold', wait: 'drained', timeout: '5s' })
    await waitUntil(() => site.state.mode === 'hold')
    assert.equal(site.inFlight.count, 1)
    lose()
    assert.equal((await entered).wait.outcome, 'complete')
    await sleep(50)
    assert.deepEqual([asked, front.gate.held], [2, 1])
    await site.leave()
    assert.equal((await lost).status, 200)
    assert.equal(asked, 3)
  })
}

test('with a maintenance in between, a request that the app has lost is answered with 503 and not sent again', async (t) => {
  let asked = 0
  let lose = (): void => {}
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', () => {
      asked++
      lose = () => socket.resetAndDestroy()
    })
  })
  const { site, ask } = await closedSite(t, {}, { proxy: { upstream: upstream.url, holdOnRefusedMs: 5000 } })
  const lost = ask('/lost')
  await waitUntil(() => asked === 1)
  const entered = site.enter({ wait: 'drained', timeout: '5s' })
  await waitUntil(() => site.state.mode === 'maintenance')
  lose()
  assert.equal(outcomeOf(await lost), '503 maintenance')
  assert.equal((await entered).wait.outcome, 'complete')
  assert.equal(asked, 1)
})
