import { createHmac } from 'node:crypto'

/**
 * What the header `webhook-signature` says: one signature for each secret, so that a receiver may know an old one or a new
 * one. HMAC-SHA256 over the id, the time and the body (Standard Webhooks 1.0).
 *
 * @param timestamp seconds since 1970, as in `webhook-timestamp`
 */
export function signatures(
  secrets: readonly Buffer[],
  { id, body }: { id: string; body: string },
  timestamp: number
): string {
  const signed = `${id}.${timestamp}.${body}`
  return secrets
    .map((secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`)
    .join(' ')
}
