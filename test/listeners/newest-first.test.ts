import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createNewestFirst } from '../../src/listeners/newest-first.ts'
import { listening } from '../helpers/listening.ts'
import { COMMAND, intermission, startProcess } from '../helpers/process.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { okUpstream } from '../helpers/upstream.ts'

// Nobody has signed it, and its body never ends.
const ENDLESS =
  'PUT /maintenance HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{'

test('the connection that came first is cut for one that comes later', async (t) => {
  const upstream = await okUpstream(t)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, limit: createNewestFirst(2) })
  const open = () => rawClient(t, gateway.port)
  const clients = [await open(), await open(), await open()]
  await clients[0]!.ended()
  for (const client of clients.slice(1)) {
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    await client.waitFor(/^HTTP\/1\.1 200 /)
  }
  clients[1]!.socket.destroy()
  await clients[1]!.ended()
  await open()
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(clients[2]!.socket.destroyed, false, 'a place that was given back is free')
})

test('nobody can take all files of the process by the admin API, and operators get in all the same', async (t) => {
  const upstream = await okUpstream(t)
  const stateDir = tempDir(t)
  const args = `--listen 127.0.0.1:0 --admin 127.0.0.1:0 --state-dir ${stateDir} --upstream ${upstream.url}`
  const gateway = startProcess(t, 'bash', ['-c', `ulimit -n 300; exec ${COMMAND} start ${args}`])
  const url = await gateway.waitFor(/^intermission listening on (\S+)$/m)
  const admin = await gateway.waitFor(/^intermission admin on http:\/\/(\S+)$/m)
  const port = Number(admin.split(':')[1])
  for (let n = 0; n < 400; n++) (await rawClient(t, port)).send(ENDLESS)
  assert.equal((await fetch(url)).status, 200)
  const token = readFileSync(join(stateDir, 'admin-token'), 'utf8').trim()
  const { code, stderr } = await intermission(t, ['enter', '--admin', admin, '--admin-token', token])
  assert.equal(code, 0, stderr)
})
