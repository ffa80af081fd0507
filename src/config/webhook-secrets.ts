import { refuse } from './readers.ts'
import { readSecretLines, secretRefused } from './secret-file.ts'
import type { ProcessOptions } from './settings.ts'

const FIELD = 'webhookSecretFile'
const SHORTEST_BYTES = 16
const ENCODED = /^whsec_([A-Za-z0-9+/]+={0,2})$/
const ALLOWED = `whsec_ and at least ${SHORTEST_BYTES} bytes in base64, or as many visible ASCII characters without spaces`

/**
 * The secrets that webhooks are signed with, one a line.
 *
 * @returns none where there is no webhook
 * @throws ConfigError when the file is not there, cannot be read, is open to other users, or holds no good secret
 */
export function readWebhookSecrets({
  webhook,
  webhookSecretFile: path
}: Pick<ProcessOptions, 'webhook' | 'webhookSecretFile'>): Buffer[] {
  if (webhook.length === 0 || path === null) return []
  const secrets = readSecretLines(path, FIELD, 'holds no good secret', readSecret)
  if (secrets.length === 0) throw secretRefused(path, FIELD, 'holds no secret')
  return secrets
}

// A prefix marks the encoding of Standard Webhooks; other text counts as it is.
function readSecret(line: string): Buffer {
  const encoded = ENCODED.exec(line)?.[1]
  if (encoded === undefined && (!/^[\x21-\x7e]+$/.test(line) || line.startsWith('whsec_')))
    refuse(line, ALLOWED)
  const secret = Buffer.from(encoded ?? line, encoded === undefined ? 'latin1' : 'base64')
  return secret.length < SHORTEST_BYTES ? refuse(line, ALLOWED) : secret
}
