#!/usr/bin/env node
/**
 * What a fleet costs, and how fast a change is everywhere: real gateways and simulated members on one Redis.
 * usage: node bench/fleet/run.js [--members N] [--flips N] [--write] [--note TEXT]     needs redis-server and a build
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cpuSeconds, foreignSeconds, residentMiB, sleep, start, stop } from '../lib/processes.js'
import { flips } from './flips.js'
import { startGateways } from './gateways.js'
import { rates, startRedis } from './redis.js'
import { describe, writeResults } from './report.js'

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '1000' },
    flips: { type: 'string', default: '200' },
    write: { type: 'boolean', default: false },
    note: { type: 'string' }
  }
})
const memberCount = Number(values.members)
const times = Number(values.flips)
const MEMBER_PROCESSES = 2
const GATEWAYS = 8
const QUIET_MS = 10_000

const say = (text) => process.stderr.write(`${text}\n`)
// In memory where there is such a place: a thousand members do not share one disk in earnest.
const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'intermission-fleet-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))

const redis = await startRedis(dir)
const beganMs = performance.now()
const foreignBefore = foreignSeconds()
const results = {
  memberCount,
  gatewayCount: GATEWAYS,
  redisVersion: await redis.version(),
  note: values.note
}
results.small = await small()
await redis.empty()
results.large = await large()
results.tookSeconds = (performance.now() - beganMs) / 1000
results.foreignCores = (foreignSeconds() - foreignBefore) / results.tookSeconds

const text = describe(results)
process.stdout.write(`${text}\n`)
if (values.write) writeResults(text)
process.exit(0)

/** Three gateways with two workers each: with hints, and without. */
async function small() {
  say('3 gateways x 2 workers ...')
  const gateways = await startGateways({ count: 3, workers: 2, url: redis.url, fleet: 'small', dir })
  await sleep(3000)
  const withHints = await flips(gateways, { times, wait: 'applied', pauseMs: 50 })
  await redis.publishing(false)
  // At any moment between two beats.
  const without = await flips(gateways, { times: Math.ceil(times / 4), wait: 'applied', pauseMs: 500 })
  await redis.publishing(true)
  await Promise.all(gateways.map(({ child }) => stop(child)))
  return { withHints, without }
}

/** Eight gateways among very many members. */
async function large() {
  say(`${GATEWAYS} gateways and ${memberCount} simulated members ...`)
  const empty = await redis.facts()
  const gateways = await startGateways({ count: GATEWAYS, workers: 1, url: redis.url, fleet: 'large', dir })
  const joinBeganMs = performance.now()
  const processes = await Promise.all(
    Array.from({ length: MEMBER_PROCESSES }, (_, n) => startMembers(n, memberCount / MEMBER_PROCESSES))
  )
  const joinSeconds = (performance.now() - joinBeganMs) / 1000
  const troubles = []
  for (const process of processes)
    process.on('message', (message) => troubles.push(...(message.troubles ?? [])))
  await sleep(5000)
  const before = await redis.facts()
  const gatewayCpu = cpuSeconds(gateways[1].child.pid)
  await sleep(QUIET_MS)
  const after = await redis.facts()
  const quiet = rates(before, after)
  const gatewayCores = (cpuSeconds(gateways[1].child.pid) - gatewayCpu) / quiet.seconds
  const members = { processes, count: memberCount }
  const inForce = await flips(gateways, {
    times: Math.ceil(times / 8),
    wait: 'none',
    pauseMs: 1500,
    members,
    facts: redis.facts
  })
  const flipped = await redis.facts()
  const acknowledged = await flips(gateways, {
    times: Math.ceil(times / 20),
    wait: 'applied',
    pauseMs: 1500,
    members
  })
  const gatewayMiB = residentMiB(gateways[1].child.pid)
  for (const process of processes) process.disconnect()
  await Promise.all(gateways.map(({ child }) => stop(child)))
  return {
    ...{ joinSeconds, quiet, inForce, acknowledged, gatewayCores, gatewayMiB },
    flipping: rates(after, flipped),
    memoryBytes: after.memoryBytes - empty.memoryBytes,
    clients: after.clients,
    troubles
  }
}

async function startMembers(n, count) {
  const file = fileURLToPath(new URL('members.js', import.meta.url))
  const args = [file, redis.url, 'large', String(count), join(dir, `members-${n}`)]
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc']
  const child = start({ name: `members-${n}`, file: process.execPath, args, dir, core: '0-1023', stdio })
  await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`the members ended with ${code}`)))
  })
  return child
}
