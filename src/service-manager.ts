import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Who has started this process and wants to know how far it is: systemd, with `Type=notify` or `notify-reload`. */
export interface ServiceManager {
  /** It serves. @param status a line for people, as `systemctl status` shows it */
  ready(status: string): void
  /** It takes a new configuration; {@link ready} says when that is over. */
  reloading(): void
  stopping(): void
  /** Resolves once all of it has been said. */
  settled(): Promise<void>
}

const COMMAND = 'systemd-notify'
const ATTEMPTS = 5
const PAUSE_MS = 1000
const TIMEOUT_MS = 5000

/**
 * Speaks sd_notify(3) by systemd's own command, since Node cannot send datagrams to a unix socket: a child process of a few
 * milliseconds at the start, at a reload and at the stop. What is said arrives in order.
 *
 * @param isThere whether somebody listens, which the environment says
 * @param onError told when it could not be said: after 90 s systemd takes a start that it has not heard of for failed
 */
export function createServiceManager(isThere: boolean, onError: (error: unknown) => void): ServiceManager {
  let last = Promise.resolve()
  const say = (...assignments: string[]): void => {
    if (isThere) last = last.then(() => send(assignments)).catch(onError)
  }
  return {
    ready: (status) => say('READY=1', `STATUS=${status}`),
    // CLOCK_MONOTONIC, which notify-reload asks for; systemd-notify says it by itself only since version 253.
    reloading: () => say('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => say('STOPPING=1', 'STATUS=draining'),
    settled: () => last
  }
}

const execute = promisify(execFile)

// A machine that is out of processes for a moment must not end in a service that is killed for its silence.
async function send(assignments: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await execute(COMMAND, assignments, { timeout: TIMEOUT_MS })
      return
    } catch (error) {
      if (attempt === ATTEMPTS || (error as NodeJS.ErrnoException).code === 'ENOENT') throw error
      await sleep(PAUSE_MS)
    }
  }
}
