import { isDeepStrictEqual } from 'node:util'
import { InputError, IntermissionError } from '../errors.ts'
import { begun } from './advance.ts'
import type { WaitOutcome } from './barrier.ts'
import type { StateDocument } from './document.ts'
import type { Replica } from './replica.ts'
import { type EnterRequest, readWaiting, type Waiting } from './request.ts'
import { documentOf, type SharedState, type Step } from './shared-state.ts'
import { enterSites, opened, replaceDocuments } from './transitions.ts'
import { covers, isRunning } from './window.ts'

/** What somebody may say who closes a site for as long as some work takes. */
export interface DuringRequest extends EnterRequest {
  /** What to do when the work fails: go back to what was before, or keep the site closed. Default: `leave`. */
  onError?: 'leave' | 'stay'
}

export interface DuringDeps {
  site: string
  change: Replica['change']
  wait: (state: SharedState, waiting: Waiting) => Promise<WaitOutcome>
  now: () => number
  onError: (error: unknown, doing: string) => void
}

/**
 * Closes a site, does the work, and goes back to what was before: live, or whatever somebody else had entered. When
 * somebody changes the mode meanwhile, it is theirs and stays. Should this process die, the site stays closed until
 * `for` or `until` is over, or somebody leaves.
 *
 * @returns what the work gives
 * @throws what the work throws; ERR_WAIT_UNFULFILLED when the work was not begun, because what `wait` asks for has not
 * happened in time; as `enter` and `leave`
 */
export async function during<T>(
  deps: DuringDeps,
  { onError = 'leave', ...request }: DuringRequest,
  work: () => Promise<T>
): Promise<T> {
  const { site, change, now } = deps
  if (onError !== 'leave' && onError !== 'stay') throw new InputError('onError', onError, 'leave or stay')
  const waiting = readWaiting(request, ['applied', 'drained', 'none'])
  let before!: StateDocument
  const state = await change((current) => {
    before = documentOf(current, site, now())
    return enterSites(current, [site], request, now())
  })
  const ours = documentOf(state, site, now())
  const goBack = (): Promise<unknown> => change((current) => backTo(before, ours, current, now()))

  const { outcome, inFlight } = await deps.wait(state, waiting)
  if (outcome !== 'complete') {
    await goBack()
    const text = `site ${site} was closed, but the work was not begun: ${outcome}, ${inFlight} requests in flight`
    throw new IntermissionError('ERR_WAIT_UNFULFILLED', text)
  }
  let result: T
  try {
    result = await work()
  } catch (error) {
    // The failed work is what the caller has to know.
    if (onError === 'leave')
      await goBack().catch((cause: unknown) => deps.onError(cause, 'leaving after work that failed'))
    throw error
  }
  await goBack()
  return result
}

function backTo(before: StateDocument, ours: StateDocument, state: SharedState, nowMs: number): Step | null {
  const current = documentOf(state, ours.site, nowMs)
  if (!isDeepStrictEqual({ ...current, revision: 0 }, { ...ours, revision: 0 })) return null
  if (before.mode !== 'live') return replaceDocuments(state, [before], 'enter', nowMs)
  // One that has begun meanwhile has waited for this.
  const window = state.windows.find((each) => isRunning(each, nowMs) && covers(each, ours.site))
  if (window)
    return replaceDocuments(state, [begun(window, current, nowMs)], 'window-begin', nowMs, {
      subject: window.id
    })
  return replaceDocuments(state, [opened(current, ours.by, ours.reason, nowMs)], 'leave', nowMs)
}
