import type { GivenFlags } from '../config/flags.ts'
import { parseDurationMs } from '../duration.ts'
import { createAdminClient } from './admin-client.ts'
import { type ChangeBody, revisionOf, textOf } from './client-flags.ts'
import { describeSites, sitesOf } from './describe.ts'
import { describeWait } from './describe-wait.ts'
import { EXIT } from './exit-codes.ts'
import { showProgress } from './progress.ts'
import type { Io } from './verb.ts'

const DEFAULT_WAIT_MS = 60_000

/**
 * Enters a mode (PUT) or leaves it (DELETE), says what is so then, and what came of waiting.
 *
 * @returns the exit code
 */
export async function changeMode(
  method: 'PUT' | 'DELETE',
  body: ChangeBody,
  flags: GivenFlags,
  io: Io
): Promise<number> {
  const site = textOf(flags, 'site')
  const path = site === undefined ? '/maintenance' : `/sites/${encodeURIComponent(site)}/maintenance`
  const client = createAdminClient(flags, io)
  const stopProgress = body.wait === 'drained' ? showProgress(client, site, io) : () => undefined
  const change = {
    ...{ method, path, body, waitMs: waitMsOf(body), ifRevision: revisionOf(flags) },
    expects: ['mode', 'sites']
  }
  const answer = await client.send(change).finally(stopProgress)
  if (flags.json) io.out(JSON.stringify(answer.body))
  else io.out(describeSites(sitesOf(answer.body), io).join('\n'))
  if (answer.status !== 202) return EXIT.ok
  io.err(describeWait(answer.body.wait))
  return EXIT.unfulfilled
}

function waitMsOf({ wait, timeout }: ChangeBody): number {
  if (wait === 'none') return 0
  return timeout === undefined ? DEFAULT_WAIT_MS : parseDurationMs(timeout, '--timeout')
}
