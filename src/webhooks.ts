import type { Settings } from './config/settings.ts'
import { readWebhookSecrets } from './config/webhook-secrets.ts'
import type { Sample } from './metrics/samples.ts'
import type { StateDocument } from './state/document.ts'
import type { Change } from './state/history.ts'
import { type Courier, createCourier } from './webhook/courier.ts'
import { createMessages } from './webhook/message.ts'
import { post } from './webhook/post.ts'

/** Tells receivers of what was changed here. No change and no stop waits for them. */
export interface Webhooks {
  /** Takes every change that comes into force. */
  tell(documents: readonly StateDocument[], change?: Change): void
  /**
   * Reads what other settings name. A receiver that stays keeps what waits for it.
   *
   * @returns puts them into force
   * @throws ConfigError for a file of secrets that cannot be used
   */
  prepare(settings: WebhookSettings): () => void
  samples(): Sample[]
  /** What no receiver has by now is given up. */
  close(): void
}

type WebhookSettings = Pick<Settings, 'webhook' | 'webhookSecretFile'>
type Log = (level: 'info' | 'warn' | 'error', fields: object, text: string) => void

/**
 * @param software the version of this gateway
 * @throws ConfigError as {@link Webhooks.prepare}
 */
export function openWebhooks(settings: WebhookSettings, software: string, log: Log): Webhooks {
  const couriers = new Map<string, Courier>()
  const messageOf = createMessages(software)
  const attempts = { delivered: 0, failed: 0 }
  let lost = 0
  let secrets: readonly Buffer[] = []
  prepare(settings)()

  function prepare(next: WebhookSettings): () => void {
    const read = readWebhookSecrets(next)
    return () => {
      secrets = read
      for (const [url, courier] of couriers) {
        if (next.webhook.includes(url)) continue
        courier.close()
        couriers.delete(url)
      }
      for (const url of next.webhook) if (!couriers.has(url)) couriers.set(url, courierTo(url))
    }
  }

  function courierTo(url: string): Courier {
    // What is behind it may be a secret.
    const { origin: webhook } = new URL(url)
    return createCourier({
      send: (message, closing) => post(url, message, secrets, closing),
      onDelivered: ({ id }) => {
        attempts.delivered++
        log('info', { webhook, id }, 'webhook delivered')
      },
      onFailed: ({ id }, why, attempt, againMs) => {
        attempts.failed++
        log('warn', { webhook, id, why, attempt, againMs }, 'webhook failed, and will be tried again')
      },
      onLost: ({ id }, why) => {
        lost++
        log('error', { webhook, id, why }, 'webhook given up')
      }
    })
  }

  return {
    tell(documents, change) {
      const message = messageOf(documents, change)
      if (message !== null) for (const courier of couriers.values()) courier.take(message)
    },
    prepare,
    samples() {
      if (couriers.size === 0) return []
      const waiting = [...couriers.values()].reduce((sum, courier) => sum + courier.waiting, 0)
      return [
        ...Object.entries(attempts).map(([outcome, value]): Sample => {
          return { name: 'intermission_webhook_attempts_total', labels: { outcome }, value }
        }),
        { name: 'intermission_webhook_lost_total', labels: {}, value: lost },
        { name: 'intermission_webhook_waiting', labels: {}, value: waiting }
      ]
    },
    close() {
      for (const courier of couriers.values()) courier.close()
    }
  }
}
