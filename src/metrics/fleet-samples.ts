/** What is known of the place where the modes are kept, and of those who share them, as samples. */
import type { Sample } from './samples.ts'

/** The part of a fleet that is told. */
export interface FleetState {
  storeStatus(): { reachable: boolean; staleSince: string | null }
  knownMembers(): readonly { state: string }[]
}

const MEMBER_STATES = ['live', 'lost', 'stopping']

export function fleetSamples(fleet: FleetState, nowMs: number): Sample[] {
  const { reachable, staleSince } = fleet.storeStatus()
  const staleMs = staleSince === null ? 0 : Math.max(0, nowMs - Date.parse(staleSince))
  const members = fleet.knownMembers()
  return [
    { name: 'intermission_store_reachable', labels: {}, value: Number(reachable) },
    { name: 'intermission_store_stale_seconds', labels: {}, value: staleMs / 1000 },
    ...MEMBER_STATES.map((state): Sample => {
      const value = members.filter((member) => member.state === state).length
      return { name: 'intermission_members', labels: { state }, value }
    })
  ]
}
