import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { createFileStore, type FileStoreOptions } from '../../src/state/file-store.ts'
import { openStore } from '../../src/state/open-store.ts'
import type { SharedState } from '../../src/state/shared-state.ts'
import type { StateStore } from '../../src/state/store.ts'
import { changeOf, documentIn, entered, storeContract, waitUntil } from '../helpers/store-contract.ts'
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

const ONE = entered('default', 'one')
const TWO = entered('default', 'two', ONE)
/** Writes a state over the one before it. */
const write = (store: StateStore, state: SharedState, expected = state.revision - 1): Promise<void> =>
  store.write(state, expected, changeOf(state))

function open(t: TestContext, path: string, options: Omit<FileStoreOptions, 'path'> = {}): StateStore {
  const store = createFileStore({ path, ...options })
  t.after(() => store.close())
  return store
}

test('the file is readable JSON for its owner only, in a folder that is made for it', async (t) => {
  const folder = join(tempDir(t), 'deep', 'down')
  const path = join(folder, 'state.json')
  await write(open(t, path), ONE)
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
    ...{ format: 2, ...ONE, history: [changeOf(ONE)] }
  })
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(folder), ['state.json'])
})

test('a folder that cannot be written is an error with the path, and what was stored stays', async (t) => {
  // Nobody can make a file in /proc, root included.
  const errors: string[] = []
  const store = open(t, '/proc/self/state.json', {
    onError: (error, doing) => errors.push(`${doing}: ${(error as Error).message}`)
  })
  assert.equal(await store.read(), undefined)
  // Told at once, and not only to whoever enters maintenance.
  assert.match(
    errors.join(),
    /^trying whether a change could be stored: \/proc\/self\/state\.json cannot be written: /
  )
  await assert.rejects(write(store, ONE), {
    code: 'ERR_STATE_UNWRITABLE',
    message: /^\/proc\/self\/state\.json cannot be written: /
  })
  assert.equal(await store.read(), undefined)
})

test('a folder that is replaced by a file is an error with the path', async (t) => {
  const folder = join(tempDir(t), 'state')
  const path = join(folder, 'state.json')
  const store = open(t, path)
  await write(store, ONE)
  rmSync(folder, { recursive: true })
  writeFileSync(folder, '')
  await assert.rejects(write(store, TWO), {
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
    await write(store, ONE)
    assert.throws(() => writeFileSync(filler, Buffer.alloc(64 * 1024)), { code: 'ENOSPC' })
    await assert.rejects(write(store, TWO), {
      code: 'ERR_STATE_UNWRITABLE',
      message: new RegExp(`^${path} cannot be written: ENOSPC`)
    })
    assert.deepEqual(await store.read(), ONE)
    assert.deepEqual(readdirSync(folder).sort(), ['filler', 'state.json'])
    rmSync(filler)
    await write(store, TWO)
  } finally {
    // Before the folder is removed.
    execFileSync('umount', ['-l', folder])
  }
})

test('what a killed process left is cleaned up at the start', async (t) => {
  const folder = tempDir(t)
  const path = join(folder, 'state.json')
  await write(open(t, path), ONE)
  writeFileSync(`${path}.tmp-4711-abc`, '{"format"')
  writeFileSync(`${path}.lock`, `${hostname()} ${await deadPid()} abc`)
  assert.deepEqual(await open(t, path).read(), ONE)
  assert.deepEqual(readdirSync(folder), ['state.json'])
})

test('the lock of another host that nobody gives back is taken over after a while', async (t) => {
  const folder = tempDir(t)
  const path = join(folder, 'state.json')
  const store = open(t, path)
  await store.read()
  writeFileSync(`${path}.lock`, 'another-host 1 abc')
  const startMs = Date.now()
  await write(store, ONE)
  assert.ok(Date.now() - startMs > 4000)
  assert.deepEqual(readdirSync(folder), ['state.json'])
})

test('an edit by hand is seen, and a broken one is reported once while the last known stays', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const errors: string[] = []
  const store = open(t, path, { onError: (error) => errors.push(String(error)) })
  const seen: SharedState[] = []
  store.subscribe((state) => seen.push(state))
  await write(store, ONE)
  writeFileSync(path, JSON.stringify({ format: 2, ...TWO, history: [] }))
  await waitUntil(() => seen.length === 2)
  assert.equal(documentIn(seen[1]).message, 'two')

  writeFileSync(path, '{"format": 1, ')
  await waitUntil(() => errors.length > 0)
  utimesSync(path, 1, 1)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  assert.equal(errors.length, 1)
  assert.match(errors[0] ?? '', /state\.json cannot be read: it is not JSON/)
  await assert.rejects(write(store, entered('default', 'three', TWO)), {
    code: 'ERR_STATE_UNREADABLE'
  })
  assert.equal(seen.length, 2)
})

test('a change that a broken file keeps from being stored says what to do, and that helps', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const store = open(t, path)
  await write(store, ONE)
  writeFileSync(path, 'garbage')
  const remedy = 'put it right, or remove it: this process writes anew what is in force'
  const message = `${path} cannot be read: it is not JSON; ${remedy}`
  await assert.rejects(write(store, TWO), { code: 'ERR_STATE_UNREADABLE', message })
  await assert.rejects(store.read(), { code: 'ERR_STATE_UNREADABLE', message })
  rmSync(path)
  await write(store, TWO)
  assert.deepEqual(await open(t, path).read(), TWO)
})

for (const [what, lose] of Object.entries({
  'is taken away': (path: string) => rmSync(path),
  'is replaced by an older one': (path: string) =>
    writeFileSync(path, JSON.stringify({ format: 2, ...ONE, history: [changeOf(ONE)] })),
  'is taken away with its folder': (path: string) => rmSync(dirname(path), { recursive: true })
})) {
  test(`a file that ${what} is written anew, history included`, async (t) => {
    const path = join(tempDir(t), 'state', 'state.json')
    const store = open(t, path)
    await write(store, ONE)
    await write(store, TWO)
    const before = readFileSync(path, 'utf8')
    lose(path)
    // By whoever asks next ...
    assert.deepEqual(await store.read(), TWO)
    assert.equal(readFileSync(path, 'utf8'), before)
    // ... and by who follows it, when nobody asks.
    store.subscribe(() => {})
    lose(path)
    await waitUntil(() => existsSync(path) && readFileSync(path, 'utf8') === before)
    assert.deepEqual(await store.history(), [changeOf(TWO), changeOf(ONE)])
  })
}

test('a folder that appears later is watched from then on', async (t) => {
  const path = join(tempDir(t), 'later', 'state.json')
  const [one, other] = [open(t, path), open(t, path)]
  const seen: number[] = []
  other.subscribe(({ revision }) => seen.push(revision))
  assert.equal(await other.read(), undefined)
  await write(one, ONE)
  await waitUntil(() => seen.length === 1)
})

test('a closed store refuses to write and leaves no file behind', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const store = open(t, path)
  await store.close()
  await assert.rejects(write(store, ONE), { code: 'ERR_STATE_UNWRITABLE' })
  assert.equal(existsSync(path), false)
})

test('a document that could not be read back is not stored', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const bad = entered('default', 'one')
  documentIn(bad).since = 'yesterday'
  await assert.rejects(write(open(t, path), bad), /since: "yesterday"/)
  assert.equal(existsSync(path), false)
})

test('an address names the engine', async (t) => {
  const path = join(tempDir(t), 'state.json')
  for (const url of [`file:${path}`, `file://${path}`]) {
    const store = openStore(url)
    t.after(() => store.close())
    await write(store, { ...ONE, revision: url.length }, (await store.read())?.revision ?? 0)
    assert.equal((await open(t, path).read())?.revision, url.length)
  }
  await write(openStore('memory:'), ONE)
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

async function deadPid(): Promise<number> {
  const { spawn } = await import('node:child_process')
  const child = spawn(process.execPath, ['-e', '0'])
  await new Promise((resolve) => child.on('exit', resolve))
  return child.pid ?? 0
}
