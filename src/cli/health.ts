import { loadSome } from '../config/load.ts'
import { connectable } from './admin-client.ts'
import { callAdmin } from './admin-request.ts'
import { EXIT } from './exit-codes.ts'
import type { RunVerb } from './verb.ts'

// Docker waits 30 s by default, Kubernetes 1 s: an answer that takes longer than this is none.
const TIMEOUT_MS = 5000

/** Only ever 0 or 1: what runs a health check has its own meaning for other codes (Docker reserves 2). */
export const run: RunVerb = async (flags, io) => {
  try {
    const { admin } = loadSome(['admin'], { flags, env: io.env })
    const answer = await callAdmin(connectable(admin), {
      method: 'GET',
      path: '/readyz',
      timeoutMs: TIMEOUT_MS
    })
    const ready = answer.status === 200
    io.out(flags.json ? JSON.stringify(answer.body) : ready ? 'ready' : `not ready (status ${answer.status})`)
    return ready ? EXIT.ok : EXIT.failed
  } catch (error) {
    io.err((error as Error).message)
    return EXIT.failed
  }
}
