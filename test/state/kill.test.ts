import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../src/package-root.ts'
import { createFileStore } from '../../src/state/file-store.ts'
import { openMaintenance } from '../../src/state/maintenance.ts'
import { emptyState, storedDocument } from '../../src/state/shared-state.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const ROUNDS = Number(process.env.INTERMISSION_TEST_KILL_ROUNDS ?? 40)
// How many processes at a time: the wait is for their start, not for what is tested.
const LANES = 4

// What was built, because there are many children, and most of what they would do is to load a compiler.
const built = (name: string): string => pathToFileURL(join(packageRoot, `dist/src/state/${name}.js`)).href

// Enters and leaves for as long as it lives, and says what was acknowledged. Written so that what is read is a whole
// line even when it is killed in the middle.
const CHILD = `
  import { writeSync } from 'node:fs'
  import { createFileStore } from '${built('file-store')}'
  import { openMaintenance } from '${built('maintenance')}'
  const store = createFileStore({ path: process.argv[1] })
  const maintenance = await openMaintenance({ store })
  const say = ({ revision, mode, message }) => writeSync(1, JSON.stringify([revision, mode, message]) + '\\n')
  for (let n = 0; ; n++) {
    try {
      say(await maintenance.enter({ message: process.argv[2] + ' ' + n }))
      say(await maintenance.leave())
    } catch (error) {
      // Beaten twice in a row by others that do nothing but this.
      if (error.code !== 'ERR_STATE_CONFLICT') throw error
    }
  }
`

function startChild(path: string, name: string): { child: ChildProcess; lines: () => string[] } {
  const args = ['--input-type=module', '--eval', CHILD, path, name]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return { child, lines: () => output.split('\n').slice(0, -1) }
}

async function killSoon(child: ChildProcess, lines: () => string[]): Promise<void> {
  await waitUntil(() => lines().length > 0)
  await sleep(Math.random() * 30)
  child.kill('SIGKILL')
  await once(child, 'close')
}

async function killRounds(t: TestContext, rounds: number): Promise<void> {
  const folder = tempDir(t)
  const path = join(folder, 'state.json')
  for (let round = 0; round < rounds; round++) {
    const { child, lines } = startChild(path, `round ${round}`)
    await killSoon(child, lines)
    const [revision, mode, message] = JSON.parse(lines().at(-1) ?? '') as [number, string, string | null]

    const store = createFileStore({ path })
    const stored = storedDocument((await store.read()) ?? emptyState(), 'default')
    await store.close()
    // A change that was stored but not acknowledged yet may be there, never less than what was acknowledged.
    assert.ok(stored)
    if (stored.revision === revision) assert.deepEqual([stored.mode, stored.message], [mode, message])
    else assert.equal(stored.revision, revision + 1)
    assert.deepEqual(readdirSync(folder), ['state.json'])
  }
}

test(`the file reads, and holds what was acknowledged last, after each of ${ROUNDS} kill -9`, async (t) => {
  await Promise.all(Array.from({ length: LANES }, () => killRounds(t, Math.ceil(ROUNDS / LANES))))
})

test('processes that share a file never write over each other, not even when one is killed', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const children = ['one', 'other', 'killed'].map((name) => startChild(path, name))
  const [one, other, killed] = children as [
    ReturnType<typeof startChild>,
    ReturnType<typeof startChild>,
    ReturnType<typeof startChild>
  ]
  await killSoon(killed.child, killed.lines)
  await waitUntil(() => one.lines().length > 30 && other.lines().length > 30)
  await Promise.all([killSoon(one.child, one.lines), killSoon(other.child, other.lines)])
  // Every acknowledged change has a revision of its own; one that changed nothing repeats the last.
  const changes = children.flatMap(({ lines }) =>
    [...new Set(lines())].filter((line) => line.includes('maintenance'))
  )
  const revisions = changes.map((line) => (JSON.parse(line) as [number])[0])
  assert.equal(new Set(revisions).size, revisions.length)
})

test('a process learns of what another one changed, and both agree', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const store = createFileStore({ path })
  const maintenance = await openMaintenance({ store })
  t.after(async () => {
    await maintenance.close()
    await store.close()
  })
  const { child, lines } = startChild(path, 'other')
  await killSoon(child, lines)
  const stored = storedDocument((await store.read()) ?? emptyState(), 'default')
  await waitUntil(() => maintenance.state.revision === stored?.revision)
  assert.deepEqual(maintenance.state, stored)
  assert.equal((await maintenance.enter({ message: 'mine' })).revision, (stored?.revision ?? 0) + 1)
})
