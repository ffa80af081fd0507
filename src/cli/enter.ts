import { changeMode } from './change.ts'
import { CLOSURE_FLAGS, WAIT_FLAGS } from './change-flags.ts'
import { bodyOf } from './client-flags.ts'
import type { RunVerb } from './verb.ts'

export const run: RunVerb = async (flags, io) => {
  const body = bodyOf(flags, [...CLOSURE_FLAGS, ...WAIT_FLAGS], io)
  if (flags.readOnly) body.mode = 'read-only'
  return changeMode('PUT', body, flags, io)
}
