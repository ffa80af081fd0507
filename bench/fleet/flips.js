/** Enters and leaves maintenance on one gateway, and sees when that is in force everywhere. */
import { sleep } from '../lib/processes.js'
import { call, listen, sharedMs } from './gateways.js'

const IN_FORCE_WITHIN_MS = 10_000

/**
 * @param options `wait`: `none`, or `applied` for the answer to come when all have acknowledged
 * @param options.members processes of simulated members, `count` of which say when they are there
 * @returns for each flip: ms until it was in force on each gateway, on each member, and until the answer came
 */
export async function flips(gateways, { times, wait, pauseMs, members = { processes: [], count: 0 } }) {
  const seen = new Map()
  const note = (kind) => (revision, atMs) => entryOf(seen, revision)[kind].push(atMs)
  const ends = await Promise.all(gateways.map((gateway) => listen(gateway, note('gateways'))))
  const onMessage = ({ applied = [] }) => {
    for (const [revision, atMs] of applied) note('members')(revision, atMs)
  }
  for (const process of members.processes) process.on('message', onMessage)
  const results = []
  for (let n = 0; n < times; n++) {
    const beganMs = sharedMs()
    const body = { wait, timeout: '10s', ...(n % 2 === 0 ? { message: `flip ${n}` } : {}) }
    const { revision, wait: waited } = await call(
      gateways[0],
      n % 2 === 0 ? 'PUT' : 'DELETE',
      '/maintenance',
      body
    )
    const answeredMs = sharedMs()
    const entry = entryOf(seen, revision)
    const missing = () => gateways.length - entry.gateways.length + members.count - entry.members.length
    while (missing() > 0 && sharedMs() - beganMs < IN_FORCE_WITHIN_MS) await sleep(2)
    const since = (times) => times.map((atMs) => atMs - beganMs)
    results.push({
      gateways: since(entry.gateways),
      members: since(entry.members),
      answer: answeredMs - beganMs,
      // On a machine that is too busy some are late for their lease: seen, and not hidden in the figures.
      isWhole: missing() === 0 && (wait === 'none' || waited.outcome === 'complete')
    })
    seen.clear()
    await sleep(pauseMs * (0.5 + Math.random()))
  }
  for (const process of members.processes) process.off('message', onMessage)
  for (const end of ends) end()
  return results
}

function entryOf(seen, revision) {
  if (!seen.has(revision)) seen.set(revision, { gateways: [], members: [] })
  return seen.get(revision)
}
