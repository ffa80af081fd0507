import type { Holder } from './holder.ts'

/**
 * What a start does while the store cannot be reached.
 *
 * - `cached`: go by the copy on this machine; without one, let nobody through;
 * - `hold`: let nobody through until the store has been heard of;
 * - `pass`: as `cached`, but without a copy let everybody through after a while.
 */
export type ColdStart = 'cached' | 'hold' | 'pass'

export interface ColdStartOptions {
  policy: ColdStart
  holder: Holder
  /** How long the store is waited for, in milliseconds. */
  graceMs: number
  /**
   * Whether this machine has left the fleet properly when it was stopped: nobody waits for it then, so that it might let
   * requests through behind the back of somebody who waits. Without that the copy may be used at once.
   */
  hasLeft: boolean
  /** Whether the store answers: then it is looked at, and not given up, for as long as that takes. */
  isInContact(): boolean
  onEvent(what: string, fields: object): void
}

export interface Starting {
  /** The store could not be reached. */
  failed(): void
  close(): void
}

const LOOK_AGAIN_MS = 250

export function createColdStart(options: ColdStartOptions): Starting {
  const { policy, holder, graceMs, hasLeft, isInContact, onEvent } = options
  let timer = setTimeout(giveUp, graceMs).unref()
  return {
    failed() {
      if (holder.copy !== undefined && !hasLeft) decide('the store cannot be reached')
    },
    close: () => clearTimeout(timer)
  }

  function giveUp(): void {
    if (holder.isOpen) return
    if (isInContact()) timer = setTimeout(giveUp, LOOK_AGAIN_MS).unref()
    else if (policy !== 'cached' || holder.copy !== undefined) decide('the store was not reached in time')
  }

  function decide(why: string): void {
    if (holder.isOpen || policy === 'hold') return
    const revision = holder.copy?.version.revision ?? null
    onEvent(`starting without the store: ${why}`, {
      revision,
      from: revision === null ? 'nothing' : 'the copy here'
    })
    holder.open()
  }
}
