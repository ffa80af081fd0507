import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { COMMAND, type Finished, intermission, run, startGateway } from '../helpers/process.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'
import { slowUpstream } from '../helpers/upstream.ts'

interface Busy {
  /** Environment of its operator. */
  env: Record<string, string>
  verb: (...args: string[]) => Promise<Finished>
  /** The status of a request that the app has already when this resolves. */
  ask: () => Promise<{ answered: Promise<number | 'cut'> }>
}

/** A gateway in front of an app that takes so long for every answer. */
async function busy(t: Cleanup, tookMs: number): Promise<Busy> {
  const upstream = await slowUpstream(t, tookMs)
  const gateway = await startGateway(t, ['--upstream', upstream.url])
  const env = { INTERMISSION_ADMIN: gateway.adminUrl, INTERMISSION_STATE_DIR: gateway.stateDir }
  return {
    env,
    verb: (...args) => intermission(t, args, { env }),
    async ask() {
      const before = upstream.connections
      const answered = fetch(gateway.url, { method: 'POST', body: 'x' }).then(
        async (answer) => {
          await answer.body?.cancel()
          return answer.status
        },
        () => 'cut' as const
      )
      while (upstream.connections === before) await sleep(5)
      return { answered }
    }
  }
}

test('enter --wait drained ends with 0 once the request that was running has been answered', async (t) => {
  const { verb, ask } = await busy(t, 3000)
  const { answered } = await ask()
  const entered = verb('enter', '--wait', 'drained', '--json')
  const first = await Promise.race([answered.then(() => 'app'), entered.then(() => 'enter')])
  assert.equal(first, 'app')
  assert.equal(await answered, 200)
  const { code, stdout, stderr } = await entered
  assert.deepEqual([code, stderr], [0, ''])
  const { wait } = JSON.parse(stdout) as { wait: Record<string, unknown> }
  assert.deepEqual([wait.outcome, wait.drained, wait.inFlight], ['complete', 1, 0])
})

test('enter --wait drained --timeout 1s ends with 3 and says what is still running, and again goes on waiting', async (t) => {
  const { verb, ask } = await busy(t, 6000)
  const { answered } = await ask()
  const late = await verb('enter', '--wait', 'drained', '--timeout', '1s', '--for', '1h')
  assert.equal(late.code, 3)
  assert.match(late.stdout, /^maintenance since /, 'it was changed')
  assert.match(
    late.stderr,
    /^changed, but not all of it is proven: 1 request still running, the oldest for \d+(\.\d)? s\n$/
  )
  const again = await verb('enter', '--wait', 'drained', '--for', '1h')
  assert.deepEqual([again.code, again.stderr], [0, ''])
  assert.equal(await answered, 200, 'nobody was cut')
})

test('enter --wait drained --force cuts what is left, and ends with 3 while the app may go on; again, it waits for that', async (t) => {
  const { verb, ask } = await busy(t, 60_000)
  const { answered } = await ask()
  const { code, stderr } = await verb('enter', '--wait', 'drained', '--timeout', '1s', '--force')
  const why = '1 request given up that the app may still be working on'
  assert.deepEqual([code, stderr], [3, `changed, but not all of it is proven: ${why}\n`])
  assert.notEqual(await answered, 200)
  assert.match((await verb('status')).stdout, /^ {2}given up +1 that the app may still be working on$/m)
  assert.equal((await verb('enter', '--wait', 'drained')).code, 0)
  assert.doesNotMatch((await verb('status')).stdout, /given up/)
})

test('a wait that somebody else overtakes ends with 3 and says so', async (t) => {
  const { verb, ask } = await busy(t, 8000)
  const { answered } = await ask()
  const waiting = verb('enter', '--wait', 'drained')
  let mode = ''
  while (mode !== 'maintenance')
    mode = (JSON.parse((await verb('status', '--json')).stdout) as { mode: string }).mode
  await verb('leave')
  const { code, stderr } = await waiting
  assert.equal(code, 3)
  assert.equal(stderr, 'changed, but somebody changed it again before that was over\n')
  await answered
})

test('on a terminal a drain shows what it waits for, and takes that line away at the end', async (t) => {
  if (!requireTool(t, 'script')) return
  const { env, ask } = await busy(t, 4000)
  const { answered } = await ask()
  const command = `${COMMAND} enter --wait drained`
  const { stdout } = await run(t, 'script', ['-qec', command, '/dev/null'], {
    env: { ...env, TERM: 'xterm' }
  })
  assert.match(stdout, /\r\x1b\[Kwaiting: 1 request still running, the oldest for \d+(\.\d)? s/)
  assert.match(stdout, /\r\x1b\[K\x1b\[33mmaintenance\x1b\[39m since /)
  assert.equal(await answered, 200)
})

test('a drain that waits only for what was given up shows that as well', async (t) => {
  if (!requireTool(t, 'script')) return
  const { env, ask, verb } = await busy(t, 60_000)
  const { answered } = await ask()
  await verb('enter', '--wait', 'drained', '--timeout', '1s', '--force')
  assert.notEqual(await answered, 200)
  const command = `${COMMAND} enter --wait drained`
  const { stdout } = await run(t, 'script', ['-qec', command, '/dev/null'], {
    env: { ...env, TERM: 'xterm' }
  })
  assert.match(stdout, /\r\x1b\[Kwaiting: 1 request given up that the app may still be working on/)
})
