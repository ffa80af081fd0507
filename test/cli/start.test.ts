import assert from 'node:assert/strict'
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { intermission, startGateway } from '../helpers/process.ts'
import { tempDir } from '../helpers/temp-dir.ts'

for (const [why, adminOf] of [
  ['TCP', () => '127.0.0.1:0'],
  ['a unix socket', (dir: string) => `unix:${dir}/admin.sock`]
] as const) {
  test(`operators enter and leave maintenance over ${why}`, async (t) => {
    const dir = tempDir(t)
    const gateway = await startGateway(t, ['--state-dir', dir, '--admin', adminOf(dir)])
    const env = { INTERMISSION_ADMIN: gateway.adminUrl, INTERMISSION_STATE_DIR: dir }
    const verb = (...args: string[]) => intermission(t, args, { env })

    assert.equal(statSync(join(dir, 'admin-token')).mode & 0o777, 0o600)
    assert.equal((await verb('health')).stdout, 'ready\n')
    const entered = await verb('enter', '--message', 'Back at nine', '--for', '30m', '--json')
    assert.equal(entered.code, 0, entered.stderr)
    const { mode, message, revision } = JSON.parse(entered.stdout) as Record<string, unknown>
    assert.deepEqual([mode, message, revision], ['maintenance', 'Back at nine', 1])
    const answer = await fetch(gateway.url)
    await answer.body?.cancel()
    assert.equal(answer.status, 503)

    assert.match((await verb('status')).stdout, /^maintenance since .*\n {2}message +Back at nine\n/)
    assert.equal((await verb('health')).code, 0, 'maintenance is ready for traffic')
    const stale = await verb('leave', '--if-revision', '0')
    assert.deepEqual([stale.code, stale.stdout], [5, ''])
    const past = await verb('enter', '--until', '2020-01-01T00:00Z')
    assert.equal(past.code, 2)
    assert.match(past.stderr, /until/)
    const wrong = await verb('leave', '--admin-token', 'not-the-token-of-this-one')
    assert.equal(wrong.code, 5)

    const left = await verb('leave', '--if-revision', '1')
    assert.deepEqual([left.code, left.stderr], [0, ''])
    assert.match(left.stdout, /^live since /)
    const { code } = await gateway.stop('SIGTERM')
    assert.equal(code, 0)
    assert.equal((await verb('status')).code, 4)
  })
}

test('a gateway without an admin API says so to a health check', async (t) => {
  const dir = tempDir(t)
  await startGateway(t, ['--state-dir', dir, '--admin', 'off'])
  const { code, stderr } = await intermission(t, ['health'], { env: { INTERMISSION_ADMIN: 'off' } })
  assert.equal(code, 1)
  assert.match(stderr, /^admin: "off" is not allowed; expected the address where the admin API listens/)
})

test('a state that every user of the machine may change is warned of once, by path and mode', async (t) => {
  const warnings = ({ stdout }: { stdout: string }): unknown[] =>
    stdout
      .split('\n')
      .filter((line) => line.includes('every user of this machine'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .map(({ level, path, mode }) => [level, path, mode])
  const dir = tempDir(t)
  const options = ['--state-dir', dir, '--workers', '2']
  const first = await startGateway(t, options)
  const env = { INTERMISSION_ADMIN: first.adminUrl, INTERMISSION_STATE_DIR: dir }
  assert.equal((await intermission(t, ['enter'], { env })).code, 0)
  await first.stop()
  assert.deepEqual(warnings(first), [])
  const file = join(dir, 'state.json')
  chmodSync(dir, 0o1777)
  chmodSync(file, 0o666)
  const second = await startGateway(t, options)
  await second.stop()
  assert.deepEqual(warnings(second), [
    [40, dir, '1777'],
    [40, file, '0666']
  ])
})
