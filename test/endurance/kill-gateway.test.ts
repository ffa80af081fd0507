import assert from 'node:assert/strict'
import { readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StateDocument } from '../../src/state/document.ts'
import { createFileStore } from '../../src/state/file-store.ts'
import { emptyState, storedDocument } from '../../src/state/shared-state.ts'
import type { ChangedDocument } from '../../src/state/site.ts'
import { ask } from '../helpers/load.ts'
import { type GatewayProcess, intermission, startGateway } from '../helpers/process.ts'
import { sized } from '../helpers/scale.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { okUpstream, type Upstream } from '../helpers/upstream.ts'

const ROUNDS = sized(40, 200)
const LANES = 2
const STATE_FILE = /^state\.json/
/** The command takes about this long to start and to be answered. */
const COMMAND_MS = 700

interface Tally {
  acknowledged: number
  storedAtLeast: number
}

/** Waits for a random moment of the command, or for the moment in which the state is being written. */
async function badMoment(stateDir: string, round: number): Promise<void> {
  if (round % 2 === 0) {
    await sleep(Math.random() * COMMAND_MS)
    return
  }
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      watcher.close()
      // At once is in the middle of the write; a little later is around the answer.
      if (Math.random() < 0.5) resolve()
      else setTimeout(resolve, Math.random() * 8)
    }
    const timer = setTimeout(done, 5 * COMMAND_MS)
    const watcher = watch(stateDir, (_event, name) => {
      if (name !== null && STATE_FILE.test(name)) done()
    })
  })
}

async function readState(stateDir: string): Promise<StateDocument | undefined> {
  const store = createFileStore({ path: join(stateDir, 'state.json') })
  try {
    return storedDocument((await store.read()) ?? emptyState(), 'default')
  } finally {
    await store.close()
  }
}

async function startOn(t: Cleanup, app: Upstream, stateDir: string): Promise<GatewayProcess> {
  const flags = ['--upstream', app.url, '--access-log', 'off', '--state-dir', stateDir]
  return startGateway(t, flags)
}

async function killRounds(t: TestContext, rounds: number, tally: Tally): Promise<void> {
  const stateDir = tempDir(t)
  const app = await okUpstream(t)
  let known = 0
  let gateway = await startOn(t, app, stateDir)
  for (let round = 0; round < rounds; round++) {
    const entering = round % 4 < 2
    const verb = entering ? ['enter', '--message', `round ${round}`, '--for', '1h'] : ['leave']
    const flags = ['--admin', new URL(gateway.adminUrl).host, '--state-dir', stateDir, '--json']
    const command = intermission(t, [...verb, ...flags])
    await badMoment(stateDir, round)
    await gateway.kill9()
    const { code, stdout, stderr } = await command

    const stored = await readState(stateDir)
    const revision = stored?.revision ?? 0
    assert.ok(revision >= known, `revision ${known} was there, and now ${revision}`)
    if (code === 0) {
      tally.acknowledged++
      const { wait, ...acknowledged } = JSON.parse(stdout) as ChangedDocument
      assert.equal(wait.outcome, 'complete')
      // To leave what was never entered changes nothing.
      if (acknowledged.revision > 0) assert.deepEqual(stored, acknowledged)
    } else {
      assert.equal(code, 4, stderr)
      assert.ok(revision <= known + 1)
      if (revision > known) tally.storedAtLeast++
    }
    known = revision
    const strangers = readdirSync(stateDir).filter((name) => name !== 'admin-token' && name !== 'state.json')

    gateway = await startOn(t, app, stateDir)
    const { status, body } = await ask(gateway.url, { headers: { accept: 'application/json' } })
    assert.equal(status, stored?.mode === 'maintenance' ? 503 : 200, `round ${round}`)
    if (stored?.mode === 'maintenance') assert.equal(JSON.parse(body).message, stored.message)
    assert.equal(gateway.stderr, '')
    if (round === rounds - 1) t.diagnostic(`left beside the state at the end: ${JSON.stringify(strangers)}`)
  }
  await gateway.stop()
}

test(`a gateway that is killed while it enters or leaves keeps what it has acknowledged, ${ROUNDS} times`, async (t) => {
  const tally: Tally = { acknowledged: 0, storedAtLeast: 0 }
  await Promise.all(Array.from({ length: LANES }, () => killRounds(t, ROUNDS / LANES, tally)))
  t.diagnostic(
    `${ROUNDS} kills: ${tally.acknowledged} changes were acknowledged, ${tally.storedAtLeast} were stored and ` +
      `not acknowledged, ${ROUNDS - tally.acknowledged - tally.storedAtLeast} were not made`
  )
})
