import { setTimeout as sleep } from 'node:timers/promises'
import type { Barrier, WaitOutcome, WaitQuery } from '../state/barrier.ts'
import { assess, isLostAt } from './assess.ts'
import type { Holder } from './holder.ts'
import type { Member } from './member.ts'
import type { Register } from './register.ts'
import type { Timing } from './timing.ts'
import { versionText } from './version.ts'

export interface FleetBarrierDeps {
  register: Register
  holder: Holder
  member: Member
  timing: Timing
  /** That of this machine. */
  local: Barrier
}

interface Lost {
  leaseEndMs: number
  sinceMs: number
}

// What is quick is to be seen quickly, and what takes long, or is looked at by many, is not to be looked at all the time.
const SHORTEST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 250
const PAUSE_PER_WAITED = 0.2
const PAUSE_PER_LOOK = 4
/** For members to say that they have cut what was left. */
const CUT_GRACE_MS = 2000

/** Waits until every member of the fleet has done it. Whatever cannot be proven in time is said to be so. */
export function createFleetBarrier({ register, holder, member, timing, local }: FleetBarrierDeps): Barrier {
  return {
    async wait(query) {
      if (query.want === 'none') return local.wait(query)
      const lostSince = new Map<string, Lost>()
      const result = await until(query, performance.now() + query.timeoutMs, lostSince)
      if (result?.outcome !== 'not-proven' && result !== undefined) return result
      if (!query.force || query.want !== 'drained') return result ?? nothingKnown(query)
      await tellToCut(query)
      return (await until(query, performance.now() + CUT_GRACE_MS, lostSince)) ?? nothingKnown(query)
    }
  }

  /** @returns what was seen last; undefined when nothing was */
  async function until(
    query: WaitQuery,
    endMs: number,
    lostSince: Map<string, Lost>
  ): Promise<WaitOutcome | undefined> {
    let last: WaitOutcome | undefined
    const beganMs = performance.now()
    for (;;) {
      const lookedMs = performance.now()
      const found = await look(query, lostSince).catch(() => undefined)
      if (found !== undefined) {
        const { onlyLostLeft, ...outcome } = found
        last = outcome
        // To be in force is a matter of moments; who is lost will not be quick.
        const isHopeless = onlyLostLeft && query.want === 'applied'
        if (outcome.outcome !== 'not-proven' || isHopeless) return outcome
      }
      const nowMs = performance.now()
      if (nowMs >= endMs) return last
      const wantedMs = Math.max((nowMs - beganMs) * PAUSE_PER_WAITED, (nowMs - lookedMs) * PAUSE_PER_LOOK)
      const pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, wantedMs))
      await sleep(Math.min(pauseMs, endMs - nowMs))
    }
  }

  async function look(
    query: WaitQuery,
    lostSince: Map<string, Lost>
  ): Promise<ReturnType<typeof assess> | undefined> {
    const { copy } = holder
    if (copy === undefined) return undefined
    const version = versionText(copy.version)
    const view = await register.view(version)
    if (view.document.version !== version) member.poke()
    const nowMs = performance.now()
    for (const entry of view.members) {
      const { id, leaseEndMs } = entry
      if (!isLostAt(entry, view.nowMs)) lostSince.delete(id)
      // It may have been back while nobody looked.
      else if (lostSince.get(id)?.leaseEndMs !== leaseEndMs) lostSince.set(id, { leaseEndMs, sinceMs: nowMs })
    }
    const lostForMs = (id: string): number => nowMs - (lostSince.get(id)?.sinceMs ?? nowMs)
    return assess(view, query, { id: member.id, version, state: copy.state, timing, lostForMs })
  }

  async function tellToCut({ revision, sites }: WaitQuery): Promise<void> {
    const { copy } = holder
    if (copy === undefined) return
    const meant = sites.flatMap((site) => {
      const found = copy.state.sites[site]?.revision ?? 0
      return found <= revision ? [[site, found] as const] : []
    })
    const what = JSON.stringify(Object.fromEntries(meant))
    await register.cut(versionText(copy.version), what).catch(() => {})
    // Those here, be the store there or not.
    await local.wait({ revision, sites, want: 'drained', timeoutMs: 0, force: true })
  }

  // The store was gone all the time: of this machine something is known, of the others nothing.
  async function nothingKnown(query: WaitQuery): Promise<WaitOutcome> {
    const own = await local.wait({ ...query, timeoutMs: 0, force: false })
    return own.outcome === 'complete' ? { ...own, outcome: 'not-proven' } : own
  }
}
