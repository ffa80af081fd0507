import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Finished, type GatewayProcess, intermission, startGateway } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { okUpstream } from '../helpers/upstream.ts'

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()

async function statusOf({ url }: GatewayProcess): Promise<number> {
  const answer = await fetch(url)
  await answer.body?.cancel()
  return answer.status
}

/** Waits until the site answers with a status, and says when that was. */
async function until(gateway: GatewayProcess, status: number, withinMs: number): Promise<number> {
  const end = Date.now() + withinMs
  while (Date.now() < end) {
    if ((await statusOf(gateway)) === status) return Date.now()
    await sleep(25)
  }
  throw new Error(`no ${status} within ${withinMs} ms`)
}

function operator(t: Cleanup, gateway: GatewayProcess): (...args: string[]) => Promise<Finished> {
  const env = { INTERMISSION_ADMIN: gateway.adminUrl, INTERMISSION_STATE_DIR: gateway.stateDir }
  return (...args) => intermission(t, args, { env })
}

test('a planned window begins and ends by itself, in time', async (t) => {
  const upstream = await okUpstream(t)
  const gateway = await startGateway(t, ['--upstream', upstream.url])
  const verb = operator(t, gateway)
  const from = inSeconds(8)
  const end = inSeconds(11)
  const added = await verb('schedule', 'add', '--from', from, '--until', end, '--message', 'Planned')
  assert.deepEqual([added.code, added.stderr], [0, ''])
  const [, id] = /^(w\w+) {2}maintenance of every site\n/.exec(added.stdout) ?? []
  assert.ok(id, added.stdout)
  assert.match((await verb('status')).stdout, new RegExp(`^ {2}next +.*window ${id}$`, 'm'))

  const begunMs = await until(gateway, 503, 12_000)
  assert.ok(Math.abs(begunMs - Date.parse(from)) < 1500, `${begunMs - Date.parse(from)} ms late`)
  const answer = await fetch(gateway.url, { headers: { accept: 'application/json' } })
  const { message, until: told } = (await answer.json()) as Record<string, unknown>
  assert.deepEqual([message, told], ['Planned', end])
  const endedMs = await until(gateway, 200, 8000)
  assert.ok(Math.abs(endedMs - Date.parse(end)) < 1500, `${endedMs - Date.parse(end)} ms late`)
  assert.equal((await verb('schedule', 'list')).stdout, 'nothing is planned\n')
  assert.match((await verb('history')).stdout, new RegExp(`maintenance began as planned ${id}`))
})

test('windows are listed and removed, and one that overlaps another is refused by its name', async (t) => {
  const gateway = await startGateway(t)
  const verb = operator(t, gateway)
  const add = (...args: string[]): Promise<Finished> => verb('schedule', 'add', ...args, '--json')
  const first = await add('--from', inSeconds(3600), '--for', '1h', '--read-only')
  const { id, mode } = JSON.parse(first.stdout) as { id: string; mode: string }
  assert.equal(mode, 'read-only')
  const overlap = await add('--from', inSeconds(5400), '--for', '1h')
  assert.deepEqual([overlap.code, overlap.stdout], [2, ''])
  assert.match(overlap.stderr, new RegExp(`expected a time outside window ${id}, `))
  assert.equal((await add('--from', inSeconds(9000), '--for', '1h', '--hold', '--max-wait', '5s')).code, 0)

  const list = await verb('schedule', 'list')
  assert.match(
    list.stdout,
    new RegExp(`^${id} {2}read-only of every site\n {2}from [\\s\\S]*^w\\w+ {2}hold of `, 'm')
  )
  const removed = await verb('schedule', 'remove', id, '--reason', 'postponed')
  assert.match(removed.stdout, new RegExp(`^removed\n${id} {2}read-only`))
  assert.equal((await verb('schedule', 'remove', id)).code, 1)
  const { windows } = JSON.parse((await verb('schedule', 'list', '--json')).stdout) as { windows: object[] }
  assert.equal(windows.length, 1)
})

test('a gateway that was down when a window began comes up in it', async (t) => {
  const upstream = await okUpstream(t)
  const stateDir = tempDir(t)
  const args = ['--upstream', upstream.url, '--state-dir', stateDir]
  const before = await startGateway(t, args)
  const from = inSeconds(6)
  const added = await operator(t, before)('schedule', 'add', '--from', from, '--for', '10m')
  assert.equal(added.code, 0, added.stderr)
  await before.kill9()
  await sleep(Math.max(0, Date.parse(from) - Date.now()) + 200)

  const gateway = await startGateway(t, args)
  assert.equal(await statusOf(gateway), 503, 'from the first request on')
  const ended = await operator(t, gateway)('leave')
  assert.equal(ended.code, 0, ended.stderr)
  assert.equal(await statusOf(gateway), 200)
  assert.equal((await operator(t, gateway)('schedule', 'list')).stdout, 'nothing is planned\n')
})
