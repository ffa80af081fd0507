import { createAdminClient } from './admin-client.ts'
import { instant, listOf, plain, type Said } from './describe-text.ts'
import { EXIT } from './exit-codes.ts'
import type { RunVerb } from './verb.ts'

const WORDS: Readonly<Record<string, string>> = {
  enter: 'entered',
  leave: 'left',
  expire: 'ended in time',
  'window-begin': 'began as planned',
  'window-add': 'planned',
  'window-remove': 'taken out of the plan',
  'link-add': 'link made',
  'link-revoke': 'link revoked',
  forget: 'forgot member'
}

export const run: RunVerb = async (flags, io) => {
  const answer = await createAdminClient(flags, io).get('/history', 'changes')
  const changes = listOf(answer.changes)
  if (flags.json) io.out(JSON.stringify(answer))
  else if (changes.length === 0) io.out('nothing has been changed yet')
  else for (const change of changes) io.out(lineOf(change, Date.now()))
  return EXIT.ok
}

function lineOf(change: Said, nowMs: number): string {
  const { at, revision, action, subject, mode, sites, by, reason, message } = change
  const what = [WORDS[plain(action)] ?? plain(action)]
  if (mode && mode !== 'live') what.unshift(plain(mode))
  if (subject) what.push(plain(subject))
  const where = Array.isArray(sites) && sites.length > 0 ? sites.map(plain).join(' ') : 'every site'
  const words = [`${instant(at, nowMs)}  ${plain(revision)}`, what.join(' '), where]
  if (by) words.push(`by ${plain(by)}`)
  if (reason) words.push(`because: ${plain(reason)}`)
  if (message) words.push(`"${plain(message)}"`)
  return words.join('  ')
}
