import { changeMode } from './change.ts'
import { LEAVE_FLAGS } from './change-flags.ts'
import { bodyOf } from './client-flags.ts'
import type { RunVerb } from './verb.ts'

export const run: RunVerb = async (flags, io) =>
  changeMode('DELETE', bodyOf(flags, LEAVE_FLAGS, io), flags, io)
