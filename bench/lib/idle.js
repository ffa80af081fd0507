import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { open } from './measure.js'
import { LOAD_CORE, residentMiB, sleep, start, stop } from './processes.js'

const client = fileURLToPath(new URL('../clients/idle.js', import.meta.url))
/** Collections of garbage that a burst of new connections calls for happen in this time. */
const SETTLE_MS = 2000

/**
 * Memory of each candidate before and with many idle connections.
 *
 * @returns rows `{ candidate, idle: { atStart, at, perConnection }, errors }`, in MiB and KiB
 */
export async function measureIdle(load, candidates, _flags, workplace) {
  const rows = []
  for (const candidate of candidates) {
    const row = await open(load, candidate, workplace)
    if (row.errors.size === 0) await measureIdleOf(row, load, SETTLE_MS)
    await stop(row.child)
    rows.push(row)
  }
  return rows
}

export async function measureIdleOf(row, { path, connections }, settleMs) {
  const { child, setup, errors } = row
  const atStart = residentMiB(child.pid)
  const args = [client, String(setup.port), path, String(connections)]
  const holder = start({ file: process.execPath, args, core: LOAD_CORE, stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    await once(holder.stdout, 'data', { signal: AbortSignal.timeout(60_000) })
    await sleep(settleMs)
    const at = residentMiB(child.pid)
    holder.stdin.write('enough\n')
    const [text] = await once(holder.stdout, 'data', { signal: AbortSignal.timeout(10_000) })
    const { open: kept } = JSON.parse(text)
    if (kept !== connections) errors.add(`only ${kept} of ${connections} connections were kept`)
    row.idle = { atStart, at, perConnection: ((at - atStart) * 1024) / connections }
  } catch (error) {
    errors.add(error.message)
  } finally {
    await stop(holder)
  }
}
