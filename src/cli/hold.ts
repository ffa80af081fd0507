import { changeMode } from './change.ts'
import { CLOSURE_FLAGS, MAX_WAIT, WAIT_FLAGS } from './change-flags.ts'
import { bodyOf } from './client-flags.ts'
import type { RunVerb } from './verb.ts'

export const run: RunVerb = async (flags, io) => {
  const body = bodyOf(flags, [MAX_WAIT, ...CLOSURE_FLAGS, ...WAIT_FLAGS], io)
  return changeMode('PUT', { ...body, mode: 'hold' }, flags, io)
}
