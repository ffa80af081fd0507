/** Members of a fleet inside the test's process: the fleet room and the state room, without HTTP. */
import test, { type TestContext } from 'node:test'
import type { Fleet } from '../../src/fleet/fleet.ts'
import type { MemberInfo } from '../../src/fleet/members.ts'
import { openFleet, openFleetControl } from '../../src/fleet/open-fleet.ts'
import type { RedisFleetOptions } from '../../src/fleet/redis-fleet.ts'
import type { Timing } from '../../src/fleet/timing.ts'
import type { Control } from '../../src/state/control.ts'
import type { InFlightEntry } from '../../src/state/in-flight.ts'
import { type RedisServer, startRedis } from './redis.ts'
import { tempDir } from './temp-dir.ts'

/** A fifth of what it is in earnest. */
export const QUICK: Timing = {
  beatMs: 200,
  leaseMs: 1000,
  commandMs: 500,
  reconnectMs: 200,
  emptyStoreMs: 600,
  coldStartMs: 2000,
  abandonedMs: 500
}

export interface TestMember {
  fleet: Fleet
  control: Control
  stateDir: string
  /** What was told of troubles and events, a line each. */
  told: string[]
  /** Hands a request to the app. @returns how to end it */
  begin(): { end(): void; readonly isAborted: boolean }
  /** Leaves the fleet properly. */
  leave(): Promise<void>
}

export type OpenMember = (options?: Partial<RedisFleetOptions>) => Promise<TestMember>

/** A test with a Redis server of its own, and members that use it. */
export function fleetTest(
  name: string,
  body: (t: TestContext, redis: RedisServer, open: OpenMember) => Promise<void>
): void {
  test(name, async (t) => {
    const redis = await startRedis(t)
    if (redis) await body(t, redis, (options = {}) => openMember(t, { url: redis.url, ...options }))
  })
}

/** @param options `url` at least; the state folder is a new one unless given */
export async function openMember(
  t: TestContext,
  options: Partial<RedisFleetOptions> & { url: string }
): Promise<TestMember> {
  let left = false
  // First of all, since what is registered first is done first: the folder is used until then.
  t.after(() => leave())
  const stateDir = options.stateDir ?? tempDir(t)
  const told: string[] = []
  const onError = (error: unknown, doing: string): number =>
    told.push(`${doing}: ${(error as Error).message}`)
  const fleet = await openFleet({
    ...{ timing: QUICK, software: 'test', onError },
    onEvent: (what, fields) => told.push(`${what} ${JSON.stringify(fields)}`),
    ...options,
    stateDir
  })
  const control = await openFleetControl(fleet, { onError })
  return { fleet, control, stateDir, told, begin, leave }

  async function leave(): Promise<void> {
    if (left) return
    left = true
    await control.close()
    await fleet.store.close()
  }

  function begin(): { end(): void; readonly isAborted: boolean } {
    const { inFlight } = control.site('default')
    let isAborted = false
    const entry: InFlightEntry = {
      ...{ request: {} as never, isUpgraded: false, withdraw: () => false },
      abort() {
        isAborted = true
        inFlight.end(entry)
      },
      close: () => entry.abort()
    }
    inFlight.begin(entry)
    return {
      end: () => inFlight.end(entry),
      get isAborted() {
        return isAborted
      }
    }
  }
}

export function modeOf({ control }: TestMember): string {
  const site = control.site('default')
  return site.isKnown ? site.state.mode : 'starting'
}

/** The members as they are now. */
export async function membersOf({ fleet }: TestMember): Promise<MemberInfo[]> {
  await fleet.lookAtMembers()
  return fleet.knownMembers()
}
