import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Mode, StateDocument } from '../state/document.ts'
import type { Change } from '../state/history.ts'

/** What is told of one change, ready to be sent as often as it takes. */
export interface Message {
  /** The same however often it is sent. */
  id: string
  /** JSON. */
  body: string
}

/**
 * Makes a message of each change that was made here.
 *
 * @param software the version of this gateway
 * @returns takes every change that comes into force, those that others made too; null when there is nothing to tell
 */
export function createMessages(
  software: string
): (documents: readonly StateDocument[], change?: Change) => Message | null {
  const modes = new Map<string, Mode>()
  const gateway = { host: hostname(), version: software }

  return function messageOf(documents, change) {
    const sites = documents.map((document) => {
      const { site } = document
      const previousMode = modes.get(site) ?? 'live'
      modes.set(site, document.mode)
      return { site, previousMode, document }
    })
    // Who made it tells of it.
    if (change === undefined) return null
    const { action: event, at: time, revision, by, reason, subject, until } = change
    const id = `msg_${randomUUID().replaceAll('-', '')}`
    return {
      id,
      body: JSON.stringify({ id, event, time, revision, by, reason, subject, until, sites, gateway })
    }
  }
}
