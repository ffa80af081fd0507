import assert from 'node:assert/strict'
import { lstatSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { openListener } from '../../src/listeners/listener.ts'
import { startProcess } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

const OWNER =
  'import { createServer } from "node:net"; createServer().listen({ path: process.argv[1], backlog: 1 }, () => console.log("ready"))'

async function owned(t: Cleanup) {
  const path = join(tempDir(t), 'a.sock')
  const owner = startProcess(t, process.execPath, ['--input-type=module', '-e', OWNER, path])
  await owner.waitFor(/ready/)
  return { path, owner }
}

async function listen(path: string): Promise<void> {
  const listener = await openListener({ kind: 'unix', path }, { onRequest: () => {}, onUpgrade: () => {} })
  await listener.close(0)
}

test('the socket file of a process that was killed is taken over', async (t) => {
  const { path, owner } = await owned(t)
  await owner.kill9()
  await listen(path)
})

test('the socket file of a process that is too busy to answer stays its own', async (t) => {
  const { path, owner } = await owned(t)
  owner.signal('SIGSTOP')
  for (let n = 0; n < 8; n++) {
    const client = connect(path).on('error', () => {})
    t.after(() => client.destroy())
  }
  const { ino } = lstatSync(path)
  await assert.rejects(listen(path), /cannot listen on .*a\.sock: something else listens there/)
  assert.equal(lstatSync(path).ino, ino)
})

test('a file that is no socket stays, and is called so', async (t) => {
  const path = join(tempDir(t), 'a.sock')
  writeFileSync(path, 'precious')
  await assert.rejects(listen(path), /cannot listen on .*a\.sock: it is a file that is no socket/)
  assert.equal(lstatSync(path).size, 8)
})

test('a socket in a folder that is not there is no matter of permissions', async (t) => {
  const path = join(tempDir(t), 'none', 'a.sock')
  await assert.rejects(listen(path), /cannot listen on .*a\.sock: its folder is not there$/)
})
