import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { StateDocument } from '../../src/state/document.ts'
import { createFileStore, type FileStoreOptions } from '../../src/state/file-store.ts'
import { openStore } from '../../src/state/open-store.ts'
import type { StateStore } from '../../src/state/store.ts'
import { entered, storeContract, waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const folders = new WeakMap<TestContext, string>()

storeContract('file store', {
  shared: true,
  create(t, backend) {
    const folder = folders.get(t) ?? tempDir(t)
    folders.set(t, folder)
    return open(t, join(folder, `${backend}.json`))
  }
})

function open(t: TestContext, path: string, options: Omit<FileStoreOptions, 'path'> = {}): StateStore {
  const store = createFileStore({ path, ...options })
  t.after(() => store.close())
  return store
}

test('the file is readable JSON for its owner only, in a folder that is made for it', async (t) => {
  const folder = join(tempDir(t), 'deep', 'down')
  const path = join(folder, 'state.json')
  await open(t, path).write(entered('default', 'one'), 0)
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
    format: 1,
    sites: { default: entered('default', 'one') }
  })
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(folder), ['state.json'])
})

const unreadable: [what: string, reason: RegExp, make: (path: string) => void][] = [
  ['an empty file', /it is empty/, (path) => writeFileSync(path, '')],
  ['half a file', /it is not JSON/, (path) => writeFileSync(path, '{"format": 1, "sit')],
  ['bytes that are not text', /not valid/, (path) => writeFileSync(path, Buffer.from([0x22, 0xff, 0x22]))],
  ['another format', /format is not 1/, (path) => writeFileSync(path, '{"format": 2, "sites": {}}')],
  ['null', /format is not 1/, (path) => writeFileSync(path, 'null')],
  ['no sites', /sites is not an object/, (path) => writeFileSync(path, '{"format": 1}')],
  [
    'a bad document',
    /sites\.a: mode: /,
    (path) => writeSites(path, { a: { ...entered('a', ''), mode: 'off' } })
  ],
  ['a document of another site', /another site/, (path) => writeSites(path, { a: entered('b', '') })],
  ['a huge file', /larger than/, (path) => writeFileSync(path, ' '.repeat(1024 * 1024 + 1))],
  ['a directory', /not a regular file|EISDIR/, (path) => mkdirSync(path)],
  ['a symbolic link', /symbolic link/, (path) => symlinkSync('/dev/null', path)],
  ['a FIFO', /not a regular file/, (path) => void execFileSync('mkfifo', [path])]
]
for (const [what, reason, make] of unreadable) {
  test(`${what} in its place is refused with the path and the reason, and moved aside on --recover`, async (t) => {
    const folder = tempDir(t)
    const path = join(folder, 'state.json')
    make(path)
    const refused = open(t, path)
    const says = (error: Error): boolean =>
      error.message.includes(path) && error.message.includes('--recover') && reason.test(error.message)
    await assert.rejects(refused.read('default'), says)
    await assert.rejects(refused.write(entered('default', 'one'), 0), { code: 'ERR_STATE_UNREADABLE' })
    assert.deepEqual(readdirSync(folder), ['state.json'])

    const recovered = open(t, path, { recover: true })
    assert.equal(await recovered.read('default'), undefined)
    await recovered.write(entered('default', 'one'), 0)
    assert.deepEqual(await recovered.read('default'), entered('default', 'one'))
    assert.equal(readdirSync(folder).filter((name) => name.startsWith('state.json.unreadable-')).length, 1)
  })
}

test('--recover leaves a file alone that can be read', async (t) => {
  const path = join(tempDir(t), 'state.json')
  await open(t, path).write(entered('default', 'one'), 0)
  assert.deepEqual(await open(t, path, { recover: true }).read('default'), entered('default', 'one'))
})

test('a folder that cannot be written is an error with the path, and what was stored stays', async (t) => {
  // Nobody can make a file in /proc, root included.
  const store = open(t, '/proc/self/state.json')
  assert.equal(await store.read('default'), undefined)
  await assert.rejects(store.write(entered('default', 'one'), 0), {
    code: 'ERR_STATE_UNWRITABLE',
    message: /^\/proc\/self\/state\.json cannot be written: /
  })
  assert.equal(await store.read('default'), undefined)
})

test('a folder that is replaced by a file is an error with the path', async (t) => {
  const folder = join(tempDir(t), 'state')
  const path = join(folder, 'state.json')
  const store = open(t, path)
  await store.write(entered('default', 'one'), 0)
  rmSync(folder, { recursive: true })
  writeFileSync(folder, '')
  await assert.rejects(store.write({ ...entered('default', 'two'), revision: 2 }, 1), {
    code: 'ERR_STATE_UNWRITABLE'
  })
})

test('a full disk is an error with the path, what was stored stays, and nothing else is left behind', async (t) => {
  const folder = tempDir(t)
  if (!mountSmall(folder)) return t.skip('a small file system cannot be mounted here')
  try {
    const path = join(folder, 'state.json')
    const filler = join(folder, 'filler')
    const store = open(t, path)
    await store.write(entered('default', 'one'), 0)
    assert.throws(() => writeFileSync(filler, Buffer.alloc(64 * 1024)), { code: 'ENOSPC' })
    await assert.rejects(store.write({ ...entered('default', 'two'), revision: 2 }, 1), {
      code: 'ERR_STATE_UNWRITABLE',
      message: new RegExp(`^${path} cannot be written: ENOSPC`)
    })
    assert.deepEqual(await store.read('default'), entered('default', 'one'))
    assert.deepEqual(readdirSync(folder).sort(), ['filler', 'state.json'])
    rmSync(filler)
    await store.write({ ...entered('default', 'two'), revision: 2 }, 1)
  } finally {
    // Before the folder is removed.
    execFileSync('umount', ['-l', folder])
  }
})

test('what a killed process left is cleaned up at the start', async (t) => {
  const folder = tempDir(t)
  const path = join(folder, 'state.json')
  await open(t, path).write(entered('default', 'one'), 0)
  writeFileSync(`${path}.tmp-4711-abc`, '{"format"')
  writeFileSync(`${path}.lock`, `${hostname()} ${await deadPid()} abc`)
  assert.deepEqual(await open(t, path).read('default'), entered('default', 'one'))
  assert.deepEqual(readdirSync(folder), ['state.json'])
})

test('the lock of another host that nobody gives back is taken over after a while', async (t) => {
  const folder = tempDir(t)
  const path = join(folder, 'state.json')
  const store = open(t, path)
  await store.read('default')
  writeFileSync(`${path}.lock`, 'another-host 1 abc')
  const startMs = Date.now()
  await store.write(entered('default', 'one'), 0)
  assert.ok(Date.now() - startMs > 4000)
  assert.deepEqual(readdirSync(folder), ['state.json'])
})

test('an edit by hand is seen, and a broken one is reported once while the last known stays', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const errors: string[] = []
  const store = open(t, path, { onError: (error) => errors.push(String(error)) })
  const seen: StateDocument[] = []
  store.subscribe((document) => seen.push(document))
  await store.write(entered('default', 'one'), 0)
  writeSites(path, { default: { ...entered('default', 'two'), revision: 2 } })
  await waitUntil(() => seen.length === 2)
  assert.equal(seen[1]?.message, 'two')

  writeFileSync(path, '{"format": 1, ')
  await waitUntil(() => errors.length > 0)
  utimesSync(path, 1, 1)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  assert.equal(errors.length, 1)
  assert.match(errors[0] ?? '', /state\.json cannot be read: it is not JSON/)
  await assert.rejects(store.write({ ...entered('default', 'three'), revision: 3 }, 2), {
    code: 'ERR_STATE_UNREADABLE'
  })
  assert.equal(seen.length, 2)
})

test('a folder that appears later is watched from then on', async (t) => {
  const path = join(tempDir(t), 'later', 'state.json')
  const [one, other] = [open(t, path), open(t, path)]
  const seen: number[] = []
  other.subscribe(({ revision }) => seen.push(revision))
  assert.equal(await other.read('default'), undefined)
  await one.write(entered('default', 'one'), 0)
  await waitUntil(() => seen.length === 1)
})

test('a closed store refuses to write and leaves no file behind', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const store = open(t, path)
  await store.close()
  await assert.rejects(store.write(entered('default', 'one'), 0), { code: 'ERR_STATE_UNWRITABLE' })
  assert.equal(existsSync(path), false)
})

test('a document that could not be read back is not stored', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const bad = { ...entered('default', 'one'), since: 'yesterday' }
  await assert.rejects(open(t, path).write(bad, 0), /since: "yesterday"/)
  assert.equal(existsSync(path), false)
})

test('an address names the engine', async (t) => {
  const path = join(tempDir(t), 'state.json')
  for (const url of [`file:${path}`, `file://${path}`]) {
    const store = openStore(url)
    t.after(() => store.close())
    await store.write(
      { ...entered('default', 'one'), revision: url.length },
      (await store.read('default'))?.revision ?? 0
    )
    assert.equal((await open(t, path).read('default'))?.revision, url.length)
  }
  await openStore('memory:').write(entered('default', 'one'), 0)
  for (const url of ['', 'memory', 'file:', 'redis://localhost', path]) {
    assert.throws(() => openStore(url), { code: 'ERR_INPUT_INVALID', field: 'store' })
  }
})

function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'intermission-test', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function writeSites(path: string, sites: object): void {
  writeFileSync(path, JSON.stringify({ format: 1, sites }))
}

async function deadPid(): Promise<number> {
  const { spawn } = await import('node:child_process')
  const child = spawn(process.execPath, ['-e', '0'])
  await new Promise((resolve) => child.on('exit', resolve))
  return child.pid ?? 0
}
