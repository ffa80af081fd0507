/** Enters and leaves maintenance on one gateway, and sees when that is in force everywhere. */
import { sleep } from '../lib/processes.js'
import { call, listen, sharedMs } from './gateways.js'

const IN_FORCE_WITHIN_MS = 10_000
const ACKNOWLEDGED_MS = 300

/**
 * @param options `wait`: `none`, or `applied` for the answer to come when all have acknowledged
 * @param options.members processes of simulated members, `count` of which say when they are there
 * @param options.facts what Redis says of its work; asked before and after each flip where it is given
 * @returns for each flip: ms until it was in force on each gateway, on each member, and until the answer came
 */
export async function flips(
  gateways,
  { times, wait, pauseMs, members = { processes: [], count: 0 }, facts }
) {
  const seen = new Map()
  // A gateway tells again when other numbers change: the first time counts.
  const noteGateway = (at) => (revision, atMs) => {
    const { gateways } = entryOf(seen, revision)
    if (!gateways.has(at)) gateways.set(at, atMs)
  }
  const ends = await Promise.all(gateways.map((gateway, at) => listen(gateway, noteGateway(at))))
  const onMessage = ({ applied = [] }) => {
    for (const [revision, atMs] of applied) entryOf(seen, revision).members.push(atMs)
  }
  for (const process of members.processes) process.on('message', onMessage)
  const results = []
  for (let n = 0; n < times; n++) {
    const before = await facts?.()
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
    const missing = () => gateways.length - entry.gateways.size + members.count - entry.members.length
    while (missing() > 0 && sharedMs() - beganMs < IN_FORCE_WITHIN_MS) await sleep(2)
    const since = (times) => times.map((atMs) => atMs - beganMs)
    // On a machine that is too busy some are late for their lease: that is seen, and not hidden in the figures.
    const isWhole = missing() === 0 && (wait === 'none' || waited.outcome === 'complete')
    // For all to acknowledge it.
    if (facts !== undefined) await sleep(ACKNOWLEDGED_MS)
    const cost = facts === undefined ? undefined : { before, after: await facts() }
    results.push({
      gateways: since([...entry.gateways.values()]),
      members: since(entry.members),
      answer: answeredMs - beganMs,
      isWhole,
      cost
    })
    seen.clear()
    await sleep(pauseMs * (0.5 + Math.random()))
  }
  for (const process of members.processes) process.off('message', onMessage)
  for (const end of ends) end()
  return results
}

function entryOf(seen, revision) {
  if (!seen.has(revision)) seen.set(revision, { gateways: new Map(), members: [] })
  return seen.get(revision)
}
