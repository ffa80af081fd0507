import { linkedAbort } from '../linked-abort.ts'
import type { Message } from './message.ts'
import { signatures } from './signature.ts'

/** A receiver that takes longer has not got it. */
const TIMEOUT_MS = 10_000

/**
 * Sends a message once. Redirects are not followed: the message is for whom the operator has named.
 *
 * @returns what went wrong; null when the receiver has it, which it says by a status of 200 to 299
 */
export async function post(
  url: string,
  message: Message,
  secrets: readonly Buffer[],
  closing: AbortSignal
): Promise<string | null> {
  const timestamp = Math.floor(Date.now() / 1000)
  const over = linkedAbort(closing)
  const timer = setTimeout(() => over.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
  timer.unref()
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: over.signal,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'intermission',
        'webhook-id': message.id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signatures(secrets, message, timestamp)
      },
      body: message.body
    })
    // Whatever it has to say besides is not read.
    await answer.body?.cancel()
    return answer.ok ? null : `status ${answer.status}`
  } catch (error) {
    const { message: text, cause } = error as Error
    return cause instanceof Error ? cause.message : text
  } finally {
    clearTimeout(timer)
    over.unlink()
  }
}
