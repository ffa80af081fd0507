import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whatever can run something later: a test's context, or `{ after }` of node:test for a whole file. */
export interface Cleanup {
  after(task: () => unknown): void
}

/** An empty folder of this test's own, removed when the test ends. Its name is short enough for a unix socket inside. */
export function tempDir(t: Cleanup): string {
  const dir = mkdtempSync(join(tmpdir(), 'intermission-'))
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }))
  return dir
}
