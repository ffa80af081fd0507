import { counted, length, plain, type Said } from './describe-text.ts'

/** Why a wait was not fulfilled, and what is still running: one line, without a word about any request or visitor. */
export function describeWait(wait: unknown): string {
  const { outcome, members, applied, inFlight, abandoned, oldestMs, lost } = (wait ?? {}) as Said
  if (outcome === 'superseded') return 'changed, but somebody changed it again before that was over'
  const why = left(Number(inFlight), oldestMs, Number(abandoned))
  if (Number(applied) < Number(members))
    why.push(`in force on ${plain(applied)} of ${counted(Number(members), 'gateway')}`)
  if (Array.isArray(lost) && lost.length > 0) why.push(`nothing is heard of ${lost.map(plain).join(', ')}`)
  return `changed, but not all of it is proven${why.length === 0 ? '' : `: ${why.join('; ')}`}`
}

/** What a drain waits for: `3 requests still running, the oldest for 12 s`, and those that were given up. */
export function left(inFlight: number, oldestMs: unknown, abandoned: number): string[] {
  const oldest = typeof oldestMs === 'number' ? `, the oldest for ${length(oldestMs)}` : ''
  return [
    ...(inFlight > 0 ? [`${counted(inFlight, 'request')} still running${oldest}`] : []),
    ...(abandoned > 0
      ? [`${counted(abandoned, 'request')} given up that the app may still be working on`]
      : [])
  ]
}
