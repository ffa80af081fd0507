import { IntermissionError } from '../errors.ts'

/** What the command ends with. Scripts rely on these. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unfulfilled: 3, unreachable: 4, refused: 5 } as const

/** The same in words, for help and README. */
export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.failed, 'failed'],
  [EXIT.usage, 'wrong usage or configuration; trying again does not help'],
  [EXIT.unfulfilled, 'changed, but the wait was not fulfilled'],
  [EXIT.unreachable, 'the admin API, or the store, cannot be reached'],
  [EXIT.refused, 'the admin API refused: token, or a stale revision']
]

/** The exit code that an error deserves. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof IntermissionError)) return EXIT.failed
  switch (error.code) {
    case 'ERR_CONFIG_INVALID':
    case 'ERR_INPUT_INVALID':
    case 'ERR_PLUGIN_MISUSE':
    case 'ERR_PAGE_INVALID':
      return EXIT.usage
    case 'ERR_WAIT_UNFULFILLED':
      return EXIT.unfulfilled
    case 'ERR_ADMIN_UNREACHABLE':
    case 'ERR_STORE_UNREACHABLE':
      return EXIT.unreachable
    case 'ERR_ADMIN_REFUSED':
      return EXIT.refused
    case 'ERR_NOT_FOUND':
    case 'ERR_STATE_UNREADABLE':
    case 'ERR_STATE_CONFLICT':
    case 'ERR_STATE_UNWRITABLE':
    case 'ERR_WORKERS_FAILED':
      return EXIT.failed
  }
}
