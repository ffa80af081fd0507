/** Gateways that tell of changes, for the tests of webhooks. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Webhook } from 'standardwebhooks'
import { callGateway } from '../helpers/gateway-status.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import type { Receiver } from './receiver.ts'

export const OLD = 'whsec_bm90IHRoZSBiZXN0IHNlY3JldCBvZiBhbGw='
export const NEW = 'a-secret-of-our-own-choice'

export function secretFile(
  t: Cleanup,
  text = `# in use until March\n${OLD}\n\n${NEW}\n`,
  mode = 0o600
): string {
  const path = join(tempDir(t), 'webhook-secret')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

export async function gatewayOf(
  t: Cleanup,
  url: string,
  args: string[] = [],
  env = {}
): Promise<GatewayProcess> {
  return startGateway(t, ['--webhook', url, '--webhook-secret-file', secretFile(t), ...args], { env })
}

export const enter = (gateway: GatewayProcess, body: object = {}): ReturnType<typeof callGateway> =>
  callGateway(gateway, 'PUT', '/maintenance', body)
export const leave = (gateway: GatewayProcess): ReturnType<typeof callGateway> =>
  callGateway(gateway, 'DELETE', '/maintenance')

/** As a receiver does that has the library of the specification. */
export function verified({ seen }: Receiver, n: number, secret: Webhook): unknown {
  const { body, headers } = seen[n]!
  return secret.verify(body, headers as Record<string, string>)
}
