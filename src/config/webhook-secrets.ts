import { readSecretFile, secretRefused } from './secret-file.ts'
import type { ProcessOptions } from './settings.ts'

const FIELD = 'webhookSecretFile'
const SHORTEST_BYTES = 16
const ENCODED = /^whsec_([A-Za-z0-9+/]+={0,2})$/
const ALLOWED = `whsec_ and at least ${SHORTEST_BYTES} bytes in base64, or as many visible ASCII characters without spaces`

/**
 * The secrets that webhooks are signed with, one a line, so that a new one can be added before the old one goes. Empty lines
 * and lines that begin with # do not count.
 *
 * @returns none where there is no webhook
 * @throws ConfigError when the file is not there, cannot be read, is open to other users, or holds no good secret
 */
export function readWebhookSecrets({
  webhook,
  webhookSecretFile: path
}: Pick<ProcessOptions, 'webhook' | 'webhookSecretFile'>): Buffer[] {
  if (webhook.length === 0 || path === null) return []
  const text = readSecretFile(path, FIELD)
  if (text === undefined) throw secretRefused(path, FIELD, 'is not there')
  const lines = text.split('\n').map((line) => line.trim())
  const secrets = lines.flatMap((line, at) => {
    if (line === '' || line.startsWith('#')) return []
    const secret = readSecret(line)
    if (secret !== undefined) return [secret]
    throw secretRefused(path, FIELD, `holds no good secret on line ${at + 1}; expected ${ALLOWED}`)
  })
  if (secrets.length === 0) throw secretRefused(path, FIELD, 'holds no secret')
  return secrets
}

// A prefix marks the encoding of Standard Webhooks; other text counts as it is.
function readSecret(line: string): Buffer | undefined {
  const encoded = ENCODED.exec(line)?.[1]
  if (encoded === undefined && !/^[\x21-\x7e]+$/.test(line)) return undefined
  if (encoded === undefined && line.startsWith('whsec_')) return undefined
  const secret = Buffer.from(encoded ?? line, encoded === undefined ? 'latin1' : 'base64')
  return secret.length < SHORTEST_BYTES ? undefined : secret
}
