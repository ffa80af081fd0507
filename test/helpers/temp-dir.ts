import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whatever can run something later: a test's context, or `{ after }` of node:test for a whole file. */
export interface Cleanup {
  after(task: () => unknown): void
}

const over: string[] = []
process.once('exit', () => {
  for (const dir of over) rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
})

/**
 * An empty folder of this test's own. Its name is short enough for a unix socket inside. It is removed when the process ends,
 * not with the test: a gateway that is stopped after it would find its state gone, and write it anew.
 */
export function tempDir(t: Cleanup): string {
  const dir = mkdtempSync(join(tmpdir(), 'intermission-'))
  t.after(() => over.push(dir))
  return dir
}
