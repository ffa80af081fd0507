/** Options of who is told of changes, in the order of help and README. */
import type { OptionTable } from './option.ts'
import { path } from './option-kinds.ts'
import { refuse } from './readers.ts'

export const WEBHOOK_OPTIONS: Pick<OptionTable, 'webhook' | 'webhookSecretFile'> = {
  webhook: {
    name: 'webhook',
    metavar: 'URL',
    list: true,
    description: 'http:// or https:// address that every change is posted to, signed',
    defaultText: 'none',
    mask: maskWebhook,
    read: (text) => [readWebhook(text)],
    fallback: () => [],
    show: (urls) => urls.map(maskWebhook)
  },
  webhookSecretFile: path(
    'webhookSecretFile',
    'FILE',
    'file with the secrets that webhooks are signed with, one a line'
  )
}

function readWebhook(text: string): string {
  const allowed = 'an address such as https://example.com/hook, without user and password'
  if (!URL.canParse(text)) refuse(text, allowed)
  const { protocol, username, password, hash, href } = new URL(text)
  const isPlain = username === '' && password === '' && hash === ''
  return /^https?:$/.test(protocol) && isPlain ? href : refuse(text, allowed)
}

/** Many services put a secret into the path. */
function maskWebhook(text: string): string {
  if (!URL.canParse(text)) return '********'
  const { origin, pathname, search } = new URL(text)
  return pathname === '/' && search === '' ? origin : `${origin}/********`
}
