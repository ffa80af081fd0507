import type { WaitQuery } from '../state/barrier.ts'
import type { BeatAnswer } from './answers.ts'
import { type Crew, closedSites, lookAt } from './crew.ts'
import type { Holder } from './holder.ts'
import { createJoining, isGrown } from './joining.ts'
import type { Register } from './register.ts'
import type { Report } from './report.ts'
import type { Roster } from './roster.ts'
import type { Timing } from './timing.ts'

/** This process as a member of its fleet: it says again and again that it is there, and learns what it missed. */
export interface Member {
  /** Another one after an operator took this one for dead. */
  readonly id: string
  /** When the store was heard of last, on the clock of `performance.now()`; null before the first time. */
  readonly heardMs: number | null
  /** Milliseconds that the clock of the store is ahead of the one of this machine. */
  readonly clockAheadMs: number
  /** Who serves requests here. Until they are known nothing is reported to be in force. */
  attach(crew: Crew): void
  /** Beats soon, since there is news to tell or to hear. */
  poke(): void
  /**
   * Beats, until there is nothing more to do about what is in the store.
   *
   * @throws IntermissionError ERR_STORE_UNREACHABLE
   */
  refresh(): Promise<void>
  /** Says that requests are no longer taken. */
  stopping(): void
  /** Ends the beating; a beat under way is finished. */
  close(): Promise<void>
}

export interface MemberDeps {
  register: Register
  holder: Holder
  roster: Roster
  timing: Timing
  newId(): string
  /** What a report says that does not change. */
  about: Pick<Report, 'host' | 'software' | 'startedAt' | 'fences'>
  /** Members that are known to have ended, to be told once there is contact. */
  ended: readonly string[]
  /** They have been told. */
  onEnded(): void
  /** The roster is another: time to write it down. */
  onRoster(): void
  onHeard(): void
  onSilence(error: unknown): void
  onError(error: unknown, doing: string): void
}

// Waits are made anew so often, so that none outlives us for longer.
const WAIT_MS = 1000
// Hints reach all members at once. Each waits a little, the more of them the longer, so that Redis is not hit at once.
const SPREAD_MS_PER_MEMBER = 0.05
const LONGEST_SPREAD_MS = 500
// How much sooner than another's comes the next beat of one that waits to be let in.
const JOINING_SHARE = 0.1
// A change that leads to another at once is normal; an endless quarrel would be a bug, or a hostile writer.
const MOST_TURNS = 5

export function createMember(deps: MemberDeps): Member {
  const { register, holder, roster, timing, about } = deps
  const joining = createJoining(timing)
  let id = deps.newId()
  let crew: Crew | undefined
  let heardMs: number | null = null
  let clockAheadMs = 0
  let others = 0
  let isStopping = false
  let closed = false
  let toldEnded = deps.ended.length === 0
  let watched = ''
  let cutSeen = ''
  let timer: NodeJS.Timeout | undefined
  let pokeTimer: NodeJS.Timeout | undefined
  let turn: Promise<unknown> = Promise.resolve()

  // The first beat comes with the first connection: whoever makes us pokes us then.
  return {
    get id() {
      return id
    },
    get heardMs() {
      return heardMs
    },
    get clockAheadMs() {
      return clockAheadMs
    },
    attach(given) {
      crew = given
      poke()
    },
    poke,
    refresh,
    stopping() {
      isStopping = true
      poke()
    },
    async close() {
      closed = true
      clearTimeout(timer)
      clearTimeout(pokeTimer)
      await turn
    }
  }

  function poke(): void {
    if (closed || pokeTimer !== undefined) return
    const spreadMs = Math.min(LONGEST_SPREAD_MS, others * SPREAD_MS_PER_MEMBER)
    pokeTimer = setTimeout(() => {
      pokeTimer = undefined
      void tick()
    }, Math.random() * spreadMs)
  }

  async function tick(): Promise<void> {
    // Told by `refresh`, and tried again with the next beat.
    await refresh().catch(() => {})
    clearTimeout(timer)
    if (closed) return
    const pauseMs = holder.isOpen ? timing.beatMs : timing.beatMs * JOINING_SHARE
    timer = setTimeout(tick, pauseMs * (0.8 + 0.4 * Math.random()))
  }

  // One beat after the other.
  function refresh(): Promise<void> {
    const result = turn.then(async () => {
      try {
        for (let n = 0; n < MOST_TURNS && (await beat()) === 'again'; n++);
      } catch (error) {
        deps.onSilence(error)
        throw error
      }
      deps.onHeard()
    })
    turn = result.catch(() => {})
    return result
  }

  async function beat(): Promise<'done' | 'again'> {
    const report = await makeReport()
    const { number, sum, missing } = roster
    const beganMs = performance.now()
    const answer = await register.beat({
      ...{ id, number, sum, report: JSON.stringify(report), seen: holder.seen },
      leaseMs: timing.leaseMs,
      missing: missing.length,
      held: holder.copy
    })
    if (answer === null) return rejoin()
    // From before it was sent: the lease is not shorter than we think.
    if (answer.counts) heardMs = beganMs
    clockAheadMs = answer.nowMs - Date.now()
    others = answer.others
    const isRepaired = await repair(answer)
    const found = await holder.look(answer.document)
    if (found === 'again' || !answer.counts) return 'again'
    if (found === 'empty' && isGrown(answer, timing)) {
      await holder.makeUp()
      return 'again'
    }
    if (!holder.isOpen && found === 'done' && holder.copy !== undefined && joining.isSettled(answer))
      holder.open()
    watch(report)
    cut(answer.document.cut)
    // What was missing has been put back: now the others may rely on what is said here.
    return isRepaired || missing.length > 0 ? 'again' : 'done'
  }

  // What the registry has lost, and what it has got back by mistake.
  async function repair({ roster: news }: BeatAnswer): Promise<boolean> {
    const { reappeared, isChanged } = roster.learn(news)
    if (isChanged) deps.onRoster()
    const ended = [...reappeared, ...(toldEnded ? [] : deps.ended)]
    if (ended.length > 0) await register.bye(ended)
    if (!toldEnded) deps.onEnded()
    toldEnded = true
    if (roster.missing.length > 0) await register.tomb(roster.missing)
    return ended.length > 0 || roster.missing.length > 0
  }

  function rejoin(): 'again' {
    const before = id
    id = deps.newId()
    deps.onError(new Error(`${before} was forgotten`), `taking part; ${id} joins in its place`)
    return 'again'
  }

  async function makeReport(): Promise<Report> {
    const { inForce, copy } = holder
    const looked = crew && copy && (await lookAt(crew, copy.state))
    // It may have changed while we looked.
    const isApplied = looked?.isApplied === true && inForce === holder.inForce
    return {
      ...about,
      applied: isApplied ? inForce : '',
      refused: holder.refused,
      isStopping,
      workers: crew?.workers ?? 0,
      inFlight: crew?.inFlight ?? 0,
      abandoned: crew?.abandoned ?? 0,
      sites: looked?.sites ?? {}
    }
  }

  // Whatever the crew gets done of what is in force is told at once, unless it has just been told.
  function watch(told: Report): void {
    const { inForce, copy } = holder
    if (crew === undefined || copy === undefined || inForce === '' || watched === inForce) return
    watched = inForce
    const isApplied = told.applied === inForce
    if (!isApplied) void tellWhen({ revision: copy.version.revision, sites: [], want: 'applied' })
    for (const { site, revision } of closedSites(crew, copy.state))
      if (!isApplied || told.sites[site]?.drained !== true)
        void tellWhen({ revision, sites: [site], want: 'drained' })
  }

  async function tellWhen(query: Pick<WaitQuery, 'revision' | 'sites' | 'want'>): Promise<void> {
    while (!closed && crew !== undefined) {
      const { outcome } = await crew.barrier.wait({ ...query, timeoutMs: WAIT_MS, force: false })
      if (outcome === 'complete') poke()
      if (outcome !== 'not-proven') return
    }
  }

  // Somebody who waits has asked to end what is left, of documents that are still in force.
  function cut(what: string): void {
    const { copy } = holder
    if (what === cutSeen || crew === undefined || copy === undefined) return
    cutSeen = what
    for (const { site, revision } of closedSites(crew, copy.state)) {
      if (!isMeant(what, site, revision)) continue
      const query = { revision, sites: [site], want: 'drained' as const, timeoutMs: 0, force: true }
      void crew.barrier.wait(query).then(poke)
    }
  }
}

function isMeant(what: string, site: string, revision: number): boolean {
  try {
    const wanted = JSON.parse(what) as Record<string, unknown>
    return Object.hasOwn(wanted, site) && wanted[site] === revision
  } catch {
    return false
  }
}
