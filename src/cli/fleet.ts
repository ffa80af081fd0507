import { createAdminClient } from './admin-client.ts'
import { REASON } from './change-flags.ts'
import { bodyOf } from './client-flags.ts'
import { memberLine, storeOf } from './describe-status.ts'
import { createPaint, listOf } from './describe-text.ts'
import { EXIT } from './exit-codes.ts'
import type { RunVerb } from './verb.ts'

export const list: RunVerb = async (flags, io) => {
  const answer = await createAdminClient(flags, io).get('/fleet', 'members')
  if (flags.json) io.out(JSON.stringify(answer))
  else {
    const paint = createPaint(io.color)
    const members = listOf(answer.members).map((member) => memberLine(member, paint, Date.now()).trimStart())
    for (const line of [...members, ...storeOf(answer.store, paint, Date.now())]) io.out(line)
  }
  return EXIT.ok
}

export const forget: RunVerb = async (flags, io, [id = '']) => {
  const path = `/fleet/${encodeURIComponent(id)}`
  const call = { method: 'DELETE', path, body: bodyOf(flags, [REASON], io), expects: ['id'] } as const
  const { body: member } = await createAdminClient(flags, io).send(call)
  io.out(
    flags.json
      ? JSON.stringify(member)
      : `forgot ${memberLine(member, createPaint(io.color), Date.now()).trimStart()}`
  )
  return EXIT.ok
}
