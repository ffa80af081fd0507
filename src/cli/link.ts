import { createAdminClient } from './admin-client.ts'
import { LINK_FLAGS, REASON } from './change-flags.ts'
import { bodyOf } from './client-flags.ts'
import { instant, listOf, plain, row, type Said } from './describe-text.ts'
import { EXIT } from './exit-codes.ts'
import type { RunVerb } from './verb.ts'

export const make: RunVerb = async (flags, io) => {
  const body = bodyOf(flags, LINK_FLAGS, io)
  const call = { method: 'POST', path: '/bypass-links', body, expects: ['token'] } as const
  const { body: link } = await createAdminClient(flags, io).send(call)
  if (flags.json) {
    io.out(JSON.stringify(link))
    return EXIT.ok
  }
  // The addresses alone, one a line, so that they can be passed on; all else is for who looks.
  const urls = Array.isArray(link.urls) && link.urls.length > 0 ? link.urls : [link.path]
  for (const url of urls) io.out(plain(url))
  io.err(`link ${plain(link.id)} is good until ${instant(link.expiresAt, Date.now())}; revoke it by its name`)
  return EXIT.ok
}

export const revoke: RunVerb = async (flags, io, [id = '']) => {
  const path = `/bypass-links/${encodeURIComponent(id)}`
  const call = { method: 'DELETE', path, body: bodyOf(flags, [REASON], io), expects: ['id'] } as const
  const { body: link } = await createAdminClient(flags, io).send(call)
  io.out(flags.json ? JSON.stringify(link) : ['revoked', ...describe(link)].join('\n'))
  return EXIT.ok
}

export const list: RunVerb = async (flags, io) => {
  const answer = await createAdminClient(flags, io).get('/bypass-links', 'links')
  const links = listOf(answer.links)
  if (flags.json) io.out(JSON.stringify(answer))
  else if (links.length === 0) io.out('there are no links')
  else for (const link of links) io.out(describe(link).join('\n'))
  return EXIT.ok
}

function describe({ id, site, label, by, expiresAt }: Said): string[] {
  return [
    `${plain(id)}  for ${site === null ? 'every site' : plain(site)}`,
    ...row('label', label),
    ...row('until', instant(expiresAt, Date.now())),
    ...row('by', by)
  ]
}
