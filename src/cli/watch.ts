import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT } from './exit-codes.ts'
import type { Io } from './verb.ts'

const EVERY_MS = 1000
const CLEAR = '\x1b[H\x1b[2J'

/**
 * Shows something again and again until somebody interrupts: in its place on a terminal; elsewhere whenever it is different from
 * before. What goes wrong meanwhile is shown as well.
 *
 * @returns the exit code
 */
export async function watch(show: () => Promise<string>, io: Io): Promise<number> {
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  let last = ''
  while (!stop.signal.aborted) {
    // What cannot be asked at all will not get better.
    const text = last === '' ? await show() : await show().catch((error: Error) => error.message)
    if (io.isTerminal) io.out(`${CLEAR}${text}`)
    else if (text !== last) io.out(text)
    last = text
    // Rejects when it is interrupted, which the loop sees.
    await sleep(EVERY_MS, undefined, { signal: stop.signal }).catch(() => {})
  }
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  return EXIT.ok
}
