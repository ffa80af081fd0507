import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { packageRoot } from '../../src/package-root.ts'
import { freePort } from '../helpers/configured.ts'
import { load, summary, unexpected } from '../helpers/load.ts'
import { run, startProcess } from '../helpers/process.ts'
import { sized } from '../helpers/scale.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { findTool, requireTool } from '../helpers/tools.ts'
import { httpUpstream } from '../helpers/upstream.ts'

const COMMAND = join(packageRoot, 'dist/src/cli/main.js')
const REPLACEMENTS = sized(3, 20)

/** Holds two sockets as systemd does, and starts a command with them for each line that comes in. */
const HOLDER = `
import os, signal, socket, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
held = []
for _ in range(2):
    one = socket.socket()
    one.bind(('127.0.0.1', 0))
    one.listen(512)
    held.append(one)
print('ports', *[one.getsockname()[1] for one in held], flush=True)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        high = [os.dup2(one.fileno(), 20 + at) for at, one in enumerate(held)]
        for at, fd in enumerate(high):
            os.dup2(fd, 3 + at)
            os.close(fd)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='2')
        words = line.split()
        os.execvp(words[0], words)
    print('pid', pid, flush=True)
`

interface Holder {
  listen: string
  admin: string
  /** Starts a gateway with the held sockets, and waits until it serves. @returns its process id */
  start(): Promise<number>
}

async function startHolder(t: Cleanup, upstream: string): Promise<Holder> {
  const python = findTool('python3') ?? 'python3'
  const script = join(tempDir(t), 'holder.py')
  writeFileSync(script, HOLDER)
  // A variable that asks for the full size of this test is none of the gateway's.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^INTERMISSION_/.test(name)))
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'], env })
  const pids: number[] = []
  let said = ''
  child.stdout.on('data', (text) => {
    said += String(text)
  })
  t.after(() => {
    child.kill('SIGKILL')
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  })
  await waitUntil(() => said.includes('\n'))
  const [, port, adminPort] = /^ports (\d+) (\d+)$/m.exec(said)!
  const [listen, admin] = [`127.0.0.1:${port}`, `127.0.0.1:${adminPort}`]
  const own = ['--upstream', upstream, '--state-dir', tempDir(t), '--access-log', 'off']
  const flags = ['--listen', listen, '--admin', admin, ...own]
  return {
    listen,
    admin,
    async start() {
      const before = said.length
      child.stdin.write(`${[process.execPath, COMMAND, 'start', ...flags].join(' ')}\n`)
      const since = (): string => said.slice(before)
      await waitUntil(() => /^pid \d+$/m.test(since()) && /^intermission admin on /m.test(since()), 20_000)
      const pid = Number(/^pid (\d+)$/m.exec(since())![1])
      pids.push(pid)
      return pid
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a gateway is replaced by a new process at the same address, under load, and no request fails', async (t) => {
  const app = await httpUpstream(t, async (request, response) => {
    for await (const _ of request);
    if (request.url === '/slow') await sleep(500)
    response.end('app')
  })
  const holder = await startHolder(t, app.url)
  const url = `http://${holder.listen}`
  let pid = await holder.start()
  let running = true
  t.after(() => {
    running = false
  })
  const loading = load({
    url,
    connections: 16,
    ask: (n) =>
      n % 5 === 0 ? { method: 'POST', path: `/${n}`, body: 'b' } : { path: n % 50 === 1 ? '/slow' : `/${n}` },
    more: () => running
  })
  for (let n = 0; n < REPLACEMENTS; n++) {
    const next = await holder.start()
    process.kill(pid, 'SIGTERM')
    await waitUntil(() => !isAlive(pid))
    pid = next
    await sleep(200)
  }
  // Nobody is there for a moment: whoever comes waits for the next one.
  process.kill(pid, 'SIGTERM')
  await waitUntil(() => !isAlive(pid))
  const waiting = fetch(url)
  pid = await holder.start()
  assert.equal((await waiting).status, 200)
  running = false
  const report = await loading
  t.diagnostic(`${REPLACEMENTS} replacements: ${summary(report)}`)
  assert.equal(unexpected(report, /^(GET|POST) 200$/), 0, summary(report))
  assert.match(await (await fetch(`http://${holder.admin}/readyz`)).text(), /ready/)
})

test('what is handed over and is no socket stops the start', async (t) => {
  const script = `export LISTEN_PID=$$ LISTEN_FDS=1; exec 3</dev/null; exec "$0" "$@"`
  const args = ['-c', script, process.execPath, COMMAND, 'start', '--state-dir', tempDir(t), '--admin', 'off']
  const { code, stderr } = await run(t, 'sh', args)
  assert.equal(code, 2)
  assert.match(stderr, /the inherited descriptor 3 is no socket that listens/)
})

test('systemd hands its socket over', async (t) => {
  const tool = requireTool(t, 'systemd-socket-activate')
  if (tool === undefined) return
  const app = await httpUpstream(t, (_request, response) => void response.end('app'))
  const port = await freePort()
  const flags = [
    '--listen',
    `127.0.0.1:${port}`,
    '--admin',
    'off',
    '--upstream',
    app.url,
    '--state-dir',
    tempDir(t)
  ]
  const started = startProcess(t, tool, [
    '-l',
    `127.0.0.1:${port}`,
    process.execPath,
    COMMAND,
    'start',
    ...flags
  ])
  await started.waitFor(/Listening on/)
  // It starts the gateway with the first connection, which waits for it.
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'app')
  assert.deepEqual(await started.stop(), { code: 0, signal: null })
})
