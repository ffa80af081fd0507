import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { type Running, startGateway, startProcess } from '../helpers/process.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { findTool, requireTool, type Skippable } from '../helpers/tools.ts'

/** Takes datagrams as systemd does, and prints each in a line. */
const LISTENER = `
import socket, sys
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(sys.argv[1])
print('ready', flush=True)
while True:
    print(heard.recv(4096).decode().replace('\\n', ' '), flush=True)
`

type Test = Parameters<typeof startGateway>[0] & Skippable

/** What would be systemd; undefined where one of the tools is missing. */
async function startManager(t: Test): Promise<{ path: string; heard: Running } | undefined> {
  if (requireTool(t, 'systemd-notify') === undefined || requireTool(t, 'python3') === undefined)
    return undefined
  const path = join(tempDir(t), 'notify')
  const heard = startProcess(t, findTool('python3')!, ['-c', LISTENER, path])
  await heard.waitFor(/^ready$/m)
  return { path, heard }
}

test('systemd hears when it serves, when it reloads and what came of that, and when it stops', async (t) => {
  const manager = await startManager(t)
  if (manager === undefined) return
  const { path, heard } = manager
  const config = join(tempDir(t), 'intermission.yaml')
  writeFileSync(config, 'accessLog: off\n')
  const gateway = await startGateway(t, ['--config', config], { env: { NOTIFY_SOCKET: path } })
  await heard.waitFor(/^READY=1 STATUS=serving$/m)

  const before = process.hrtime.bigint() / 1000n
  gateway.signal('SIGHUP')
  await heard.waitFor(/^RELOADING=1 [\s\S]*^READY=1 STATUS=serving$/m)
  const saidAt = BigInt(await heard.waitFor(/^RELOADING=1 MONOTONIC_USEC=(\d+)$/m))
  assert.ok(saidAt >= before && saidAt <= process.hrtime.bigint() / 1000n, 'it is the clock of systemd')

  writeFileSync(config, 'acessLog: off\n')
  gateway.signal('SIGHUP')
  await heard.waitFor(/^RELOADING=1 [\s\S]*^RELOADING=1 [\s\S]*^READY=1 STATUS=serving, .* refused$/m)

  await gateway.stop()
  await heard.waitFor(/^STOPPING=1 STATUS=draining$/m)
})

test('a start that is refused is never said to be ready', async (t) => {
  const manager = await startManager(t)
  if (manager === undefined) return
  const { path, heard } = manager
  const args = ['--upstream', 'nonsense']
  await assert.rejects(startGateway(t, args, { env: { NOTIFY_SOCKET: path } }), /upstream: "nonsense"/)
  assert.doesNotMatch(heard.stdout, /READY/)
})

test('where systemd-notify is missing it serves all the same, and says so', async (t) => {
  const env = { NOTIFY_SOCKET: '/run/systemd/notify', PATH: tempDir(t) }
  const gateway = await startGateway(t, [], { env })
  assert.match(
    await gateway.waitFor(/^.*telling systemd how far it is failed.*$/m),
    /spawn systemd-notify ENOENT/
  )
})
