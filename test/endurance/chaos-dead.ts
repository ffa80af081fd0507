import type { Place } from './chaos-gateways.ts'

/**
 * What operators do about gateways of which they know that they are dead: nobody has started there since, or who has is
 * part of the fleet.
 *
 * @param dead processes that have certainly ended
 */
export async function forgetDead(
  place: Place,
  places: readonly Place[],
  dead: ReadonlySet<number>,
  say: (line: string) => void
): Promise<void> {
  const { content } = await place.call('GET', '/fleet')
  const members = (content.members ?? []) as { id: string; state: string }[]
  const present = new Set(members.map(({ id }) => pidOf(id)))
  for (const { id, state } of members) {
    if (state !== 'lost' || !dead.has(pidOf(id))) continue
    const home = places.find(({ pids }) => pids.has(pidOf(id)))!
    const now = home.running
    if (now !== undefined && !present.has(now.pid)) continue
    if (now === undefined) home.forgotten()
    say(`forget ${id}`)
    await place.call('DELETE', `/fleet/${encodeURIComponent(id)}`)
  }
}

function pidOf(memberId: string): number {
  return Number(/-(\d+)-[0-9a-f]+$/.exec(memberId)?.[1])
}
