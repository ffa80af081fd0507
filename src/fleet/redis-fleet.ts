import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { InputError, notFound } from '../errors.ts'
import { describeRedis, parseRedisUrl } from '../redis-url.ts'
import { type Change, createChange } from '../state/history.ts'
import { createListeners } from '../state/listeners.ts'
import type { SharedState } from '../state/shared-state.ts'
import { createFleetBarrier } from './barrier.ts'
import { createCache } from './cache.ts'
import { type ColdStart, createColdStart } from './cold-start.ts'
import type { Crew } from './crew.ts'
import { createFence } from './fence.ts'
import type { Fleet } from './fleet.ts'
import { createHolder } from './holder.ts'
import { openLink } from './link.ts'
import { findEnded, leaveMark } from './mark.ts'
import { createMember } from './member.ts'
import { createMemberId, listMembers, type MemberInfo } from './members.ts'
import { createRedisStore } from './redis-store.ts'
import { createRegister } from './register.ts'
import { createRoster } from './roster.ts'
import { DEFAULT_TIMING, type Timing } from './timing.ts'

export const FLEET_NAME_ALLOWED = '1 to 64 letters, digits and . _ -'
const FLEET_NAME = /^[\w.-]{1,64}$/
const CLOCKS_AGREE_MS = 1000

export interface RedisFleetOptions {
  /** `redis://…`, `rediss://…`, `redis+sentinel://…` or `redis+cluster://…`; see `parseRedisUrl`. */
  url: string
  /** Name of the fleet: letters, digits and `. _ -`. Members of one fleet share their state. Default: `default`. */
  fleet?: string
  /** Absolute path of the folder for the copy on this machine. */
  stateDir: string
  /** PEM certificates to verify the server of a `rediss:` address with. Default: the well-known ones. */
  ca?: string
  /** What a start does when the store cannot be reached. Default: `cached`. */
  coldStart?: ColdStart
  /** `strict`: let nobody through when nothing was heard of the store for most of a lease. Default: `off`. */
  fencing?: 'off' | 'strict'
  /** Version of the software, for the list of members. Default: empty. */
  software?: string
  /** Overrides of how often and how long. */
  timing?: Partial<Timing>
  /** Told of what went wrong with nobody waiting for it. Default: nobody is told. */
  onError?: (error: unknown, doing: string) => void
  /** Told of a member that was forgotten by way of this one. Default: nobody is told. */
  onForgotten?: (change: Change) => void
  /** Told of what happened that is worth a line. Default: nobody is told. */
  onEvent?: (what: string, fields: object) => void
}

/**
 * Takes part in a fleet. Resolves at once, whether the store can be reached or not; `store.read` says what is known.
 *
 * @throws InputError for an address or a name that cannot be
 */
export async function openRedisFleet(options: RedisFleetOptions): Promise<Fleet> {
  const { fleet = 'default', ca, coldStart = 'cached', fencing = 'off', software = '' } = options
  const { onError = () => {}, onEvent = () => {}, onForgotten = () => {} } = options
  if (!FLEET_NAME.test(fleet)) throw new InputError('fleet', fleet, FLEET_NAME_ALLOWED)
  const address = parseRedisUrl(options.url)
  const timing = { ...DEFAULT_TIMING, ...options.timing }
  const folder = join(options.stateDir, `fleet-${fleet}`)
  const startedAt = new Date().toISOString()
  const name = describeRedis(address)

  const cache = createCache(join(folder, 'state.json'), onError)
  const saved = await cache.load()
  const ended = await findEnded(folder)
  const mark = await leaveMark(folder).catch((error: unknown) => {
    onError(error, `leaving a mark in ${folder}`)
    return null
  })

  const listeners = createListeners<SharedState>((error) => onError(error, 'telling of a change of state'))
  const roster = createRoster(saved?.roster)
  let crew: Crew | undefined
  let trouble: string | null = null
  let silentSince: string | null = startedAt
  let known: MemberInfo[] = []
  let looking: Promise<void> | undefined
  let opened = (): void => {}
  const isOpened = new Promise<void>((resolve) => {
    opened = resolve
  })
  const save = (hasLeft = false): Promise<void> =>
    cache.save({ copy: holder.copy, roster: { number: roster.number, ids: roster.ids }, hasLeft })

  const link = openLink({
    ...{ address, fleet, timing, ...(ca === undefined ? {} : { ca }) },
    onUp: () => member.poke(),
    onDown: silence,
    onHint: () => member.poke()
  })
  const register = createRegister(link, fleet)
  const holder = createHolder({
    register,
    saved: saved?.copy,
    onOpen: () => opened(),
    onState: (state) => listeners.tell(structuredClone(state)),
    save: () => save(),
    onError,
    onRepair: onEvent
  })
  const starting = createColdStart({
    ...{ policy: coldStart, holder, graceMs: timing.coldStartMs, onEvent },
    isInContact: () => silentSince === null,
    hasLeft: saved?.hasLeft ?? true
  })
  const member = createMember({
    ...{ register, holder, roster, timing, onError },
    newId() {
      const id = createMemberId(hostname(), process.pid, randomBytes(7).toString('hex').slice(0, 13))
      mark?.rename(id).catch((error: unknown) => onError(error, `leaving a mark in ${folder}`))
      return id
    },
    about: { host: hostname(), software, startedAt, fences: fencing === 'strict' },
    ended: ended.map(({ id }) => id),
    onEnded: () => void Promise.all(ended.map((each) => each.remove())).catch(() => {}),
    onRoster: () => void save().catch(() => {}),
    onHeard() {
      if (trouble !== null) onEvent('the store can be used again', { silentSince })
      trouble = null
      silentSince = null
    },
    onSilence: silence
  })
  const fence = createFence(
    fencing === 'strict',
    timing,
    () => member.heardMs,
    () => crew?.abort()
  )

  // Clocks that are kept by NTP differ by less; who is off by more goes by the store's, as all the others do.
  function now(): number {
    return Date.now() + (Math.abs(member.clockAheadMs) < CLOCKS_AGREE_MS ? 0 : member.clockAheadMs)
  }

  async function viewMembers(): Promise<MemberInfo[]> {
    return listMembers(await register.view(holder.seen), member.id, timing.leaseMs)
  }

  // One look at a time, and none while nobody asks.
  function lookAtMembers(): Promise<void> {
    const look = async (): Promise<void> => {
      known = await viewMembers().catch(() => known)
      looking = undefined
    }
    looking ??= look()
    return looking
  }

  function silence(error: unknown): void {
    silentSince ??= new Date().toISOString()
    starting.failed()
    const text = error instanceof Error ? error.message : String(error)
    if (text === trouble) return
    trouble = text
    onError(error, `using ${name}; the last known state stays`)
  }

  async function close(): Promise<void> {
    starting.close()
    fence.close()
    await member.close()
    await leave()
    await link.close()
  }

  // Written down first, and left so when nobody can say whether it was heard: to have left and not to know it would be
  // worse than the other way round.
  async function leave(): Promise<void> {
    const canTell = link.isUp
    await save(canTell).catch(() => {})
    if (!canTell) return
    await register.bye([member.id]).then(
      () => mark?.remove(),
      () => {}
    )
  }

  return {
    store: createRedisStore({ register, holder, member, listeners, name, opened: isOpened, close }),
    markPath: mark?.path ?? null,
    barrier: (local) => createFleetBarrier({ register, holder, member, timing, local }),
    attach(given) {
      crew = given
      member.attach(given)
    },
    now,
    isTrusted: fence.isTrusted,
    storeStatus: () => ({ kind: 'redis', reachable: silentSince === null, staleSince: silentSince }),
    lookAtMembers,
    knownMembers() {
      void lookAtMembers()
      return known
    },
    async forget(id, by = null, reason = null) {
      if (id === member.id) throw new InputError('member', id, 'another member than the one that is asked')
      const found = (await viewMembers()).find((each) => each.id === id)
      const revision = holder.copy?.version.revision ?? 0
      const change = createChange({ revision, action: 'forget', subject: id, by, reason }, now())
      if (found === undefined || !(await register.forget(id, JSON.stringify(change))))
        throw notFound('member', id)
      // So that it is known here, whatever the store loses next.
      await member.refresh().catch(() => {})
      onForgotten(change)
      onEvent('member forgotten', { member: id, state: found.state, by })
      return found
    },
    stopping: () => member.stopping()
  }
}
