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
  samples(): Sample[]
  /** What no receiver has by now is given up. */
  close(): void
}

type Log = (level: 'info' | 'warn' | 'error', fields: object, text: string) => void

/**
 * @param software the version of this gateway
 * @throws ConfigError for a file of secrets that cannot be used
 */
export function openWebhooks(
  settings: Pick<Settings, 'webhook' | 'webhookSecretFile'>,
  software: string,
  log: Log
): Webhooks {
  const secrets = readWebhookSecrets(settings)
  const attempts = { delivered: 0, failed: 0 }
  let lost = 0
  const couriers = settings.webhook.map((url): Courier => {
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
  })
  const messageOf = createMessages(software)

  return {
    tell(documents, change) {
      if (couriers.length === 0) return
      const message = messageOf(documents, change)
      if (message !== null) for (const courier of couriers) courier.take(message)
    },
    samples() {
      if (couriers.length === 0) return []
      const waiting = couriers.reduce((sum, courier) => sum + courier.waiting, 0)
      return [
        ...Object.entries(attempts).map(([outcome, value]): Sample => {
          return { name: 'intermission_webhook_attempts_total', labels: { outcome }, value }
        }),
        { name: 'intermission_webhook_lost_total', labels: {}, value: lost },
        { name: 'intermission_webhook_waiting', labels: {}, value: waiting }
      ]
    },
    close() {
      for (const courier of couriers) courier.close()
    }
  }
}
