import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { createFileStore, type FileStoreOptions } from '../../src/state/file-store.ts'
import type { SharedState } from '../../src/state/shared-state.ts'
import type { StateStore } from '../../src/state/store.ts'
import { changeOf, documentIn, entered } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const ONE = entered('default', 'one')
const write = (store: StateStore, state: SharedState): Promise<void> =>
  store.write(state, state.revision - 1, changeOf(state))

function open(t: TestContext, path: string, options: Omit<FileStoreOptions, 'path'> = {}): StateStore {
  const store = createFileStore({ path, ...options })
  t.after(() => store.close())
  return store
}

const unreadable: [what: string, reason: RegExp, make: (path: string) => void][] = [
  ['an empty file', /it is empty/, (path) => writeFileSync(path, '')],
  ['half a file', /it is not JSON/, (path) => writeFileSync(path, '{"format": 1, "sit')],
  ['bytes that are not text', /not valid/, (path) => writeFileSync(path, Buffer.from([0x22, 0xff, 0x22]))],
  ['another format', /format is not 1/, (path) => writeFileSync(path, '{"format": 3, "sites": {}}')],
  ['null', /format is not 1/, (path) => writeFileSync(path, 'null')],
  ['no sites', /sites is not an object/, (path) => writeFileSync(path, '{"format": 1}')],
  ['no revision', /revision: undefined is not allowed/, (path) => writeState(path, { revision: undefined })],
  ['no windows', /windows: .*expected a list/, (path) => writeState(path, { windows: null })],
  ['a bad window', /windows\[0\]: id: /, (path) => writeState(path, { windows: [{ mode: 'hold', id: 5 }] })],
  ['too many links', /links: .*at most 1000/, (path) => writeState(path, { links: Array(1001).fill({}) })],
  ['a bad key', /bypassKey is neither(?!.*secret)/, (path) => writeState(path, { bypassKey: 'secret' })],
  ['a bad history', /history\[0\]: revision: /, (path) => writeState(path, { history: [{}] })],
  [
    'too much history',
    /history: .*at most 100/,
    (path) => writeState(path, { history: Array(101).fill({}) })
  ],
  [
    'a bad document',
    /sites\.a: mode: /,
    (path) => writeSites(path, { a: { ...documentIn(entered('a', ''), 'a'), mode: 'off' } })
  ],
  [
    'a document of another site',
    /another site/,
    (path) => writeSites(path, { a: documentIn(entered('b', ''), 'b') })
  ],
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
    await assert.rejects(refused.read(), says)
    await assert.rejects(write(refused, ONE), { code: 'ERR_STATE_UNREADABLE' })
    assert.deepEqual(readdirSync(folder), ['state.json'])

    const recovered = open(t, path, { recover: true })
    assert.equal(await recovered.read(), undefined)
    await write(recovered, ONE)
    assert.deepEqual(await recovered.read(), ONE)
    assert.equal(readdirSync(folder).filter((name) => name.startsWith('state.json.unreadable-')).length, 1)
  })
}

test('a file of format 1 is read as it was meant, and the next change is in the new format', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const old = (site: string, revision: number): object => {
    const { exceptPaths, maxWaitMs, ...document } = documentIn(entered(site, 'one'), site)
    return { ...document, revision }
  }
  writeSites(path, { a: old('a', 3), b: old('b', 5) })
  const store = open(t, path)
  const state = await store.read()
  assert.ok(state)
  assert.deepEqual([state.revision, state.windows, state.links, state.bypassKey], [5, [], [], null])
  assert.deepEqual(documentIn(state, 'a'), { ...documentIn(entered('a', 'one'), 'a'), revision: 3 })
  assert.equal(documentIn(state, 'b').revision, 5)
  assert.deepEqual(await store.history(), [])
  const next = entered('a', 'two', state)
  await write(store, next)
  assert.deepEqual(await store.read(), next)
  assert.equal((JSON.parse(readFileSync(path, 'utf8')) as { format: number }).format, 2)
})

test('a file that the gateway must not read is no unreadable state, and --recover leaves it alone', async (t) => {
  const isRoot = process.getuid?.() === 0
  if (isRoot) t.after(() => process.seteuid?.(0))
  const folder = tempDir(t)
  const path = join(folder, 'state.json')
  await write(open(t, path), ONE)
  chmodSync(path, 0o000)
  chmodSync(folder, 0o777)
  // Root may read everything.
  if (isRoot) process.seteuid?.(65_534)
  const says = /state\.json cannot be read: EACCES.*; let the user of the gateway read and write it$/
  await assert.rejects(open(t, path).read(), says)
  await assert.rejects(open(t, path, { recover: true }).read(), says)
  assert.deepEqual(readdirSync(folder), ['state.json'])
})

test('a file where the state folder should be is called so, and --recover is no remedy', async (t) => {
  const folder = join(tempDir(t), 'state')
  writeFileSync(folder, 'a file')
  const says = (error: Error): boolean => {
    assert.match(error.message, /state\.json cannot be read: what should be its folder is a file$/)
    return true
  }
  await assert.rejects(open(t, join(folder, 'state.json')).read(), says)
  await assert.rejects(open(t, join(folder, 'state.json'), { recover: true }).read(), says)
})

test('--recover leaves a file alone that can be read', async (t) => {
  const path = join(tempDir(t), 'state.json')
  await write(open(t, path), ONE)
  assert.deepEqual(await open(t, path, { recover: true }).read(), ONE)
})

function writeState(path: string, members: object): void {
  writeFileSync(path, JSON.stringify({ format: 2, ...ONE, history: [], ...members }))
}

function writeSites(path: string, sites: object): void {
  writeFileSync(path, JSON.stringify({ format: 1, sites }))
}
