import { describeSites, sitesOf } from './describe.ts'
import { createPaint, instant, length, listOf, type Paint, plain, row, type Said } from './describe-text.ts'

export interface StatusOptions {
  color: boolean
  /** Milliseconds since the epoch. Default: Date.now. */
  nowMs?: number
}

/** Everything that is going on, for people, in lines. */
export function describeStatus(status: Said, { color, nowMs = Date.now() }: StatusOptions): string[] {
  const paint = createPaint(color)
  return [
    ...describeSites(sitesOf(status), { color, nowMs, more: (site) => trafficOf(site, paint, nowMs) }),
    ...membersOf(listOf(status.members), paint, nowMs),
    ...storeOf(status.store, paint, nowMs),
    ...gatewayOf(status, paint, nowMs)
  ]
}

function trafficOf(site: Said, paint: Paint, nowMs: number): string[] {
  const { hosts, next, upstreams, inFlight, oldestInFlightMs, abandoned, held, bypassed, tunnels } = site
  const oldest = typeof oldestInFlightMs === 'number' ? `, the oldest for ${length(oldestInFlightMs)}` : ''
  return [
    ...row('hosts', Array.isArray(hosts) ? hosts.map(plain).join(' ') : ''),
    ...nextOf(next, nowMs),
    ...listOf(upstreams).map((upstream) => upstreamOf(upstream, paint)),
    ...row('in flight', typeof inFlight === 'number' && `${inFlight}${inFlight > 0 ? oldest : ''}`),
    ...row('given up', abandoned ? `${plain(abandoned)} that the app may still be working on` : ''),
    ...row('held', held || ''),
    ...row('bypassed', bypassed || ''),
    ...row('tunnels', tunnels || '')
  ]
}

function nextOf(next: unknown, nowMs: number): string[] {
  if (typeof next !== 'object' || next === null) return []
  const { id, from, until } = next as Said
  return row('next', `${instant(from, nowMs)} until ${instant(until, nowMs)}, window ${plain(id)}`)
}

function upstreamOf({ name, breaker, isHealthy, busy }: Said, paint: Paint): string {
  const isThere = breaker === 'closed'
  const state = isThere ? (isHealthy === false ? 'unhealthy' : 'reachable') : 'unreachable'
  const [line = ''] = row('upstream', name)
  return `${line} ${paint(state, state === 'reachable' ? 'green' : 'red')}, ${plain(busy)} busy`
}

// One gateway that is alone needs no list.
function membersOf(members: readonly Said[], paint: Paint, nowMs: number): string[] {
  if (members.length < 2 && members.every(({ state }) => state === 'live')) return []
  return ['members', ...members.map((member) => memberLine(member, paint, nowMs))]
}

/** One gateway of a fleet on one line. */
export function memberLine(member: Said, paint: Paint, nowMs: number): string {
  const { id, host, version, state, revision, inFlight, abandoned, lastSeenAt, isSelf, refused } = member
  const seen = lastSeenAt && state !== 'live' ? `, last seen ${instant(lastSeenAt, nowMs)}` : ''
  const shown = paint(plain(state), state === 'live' ? 'green' : state === 'lost' ? 'red' : 'yellow')
  const givenUp = abandoned ? `, ${plain(abandoned)} given up` : ''
  const self = isSelf === true ? ', this one' : ''
  const refusal = refused ? `, ${paint(`refuses the stored state: ${plain(refused)}`, 'red')}` : ''
  return `  ${plain(id)} ${shown} on ${plain(host)}, version ${plain(version)}, revision ${plain(revision)}, ${plain(inFlight)} in flight${givenUp}${seen}${self}${refusal}`
}

/** That the store cannot be reached, or nothing. */
export function storeOf(store: unknown, paint: Paint, nowMs: number): string[] {
  const { kind, reachable, staleSince } = (store ?? {}) as Said
  if (reachable !== false && !staleSince) return []
  const since = staleSince ? ` since ${instant(staleSince, nowMs)}` : ''
  return [`store ${plain(kind)} ${paint('unreachable', 'red')}${since}: what is shown may be old`]
}

function gatewayOf({ version, startedAt }: Said, paint: Paint, nowMs: number): string[] {
  if (version === undefined) return []
  return [paint(`gateway ${plain(version)}, started ${instant(startedAt, nowMs)}`, 'dim')]
}
