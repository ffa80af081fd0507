import { readFileSync } from 'node:fs'
import type { Settings } from './config/settings.ts'
import { ensureAdminToken, hasAdmin } from './config/token.ts'
import { openFleet, openFleetControl } from './fleet/open-fleet.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { http2Weakness } from './http2-safety.ts'
import { openListener } from './listeners/listener.ts'
import { createLogStream } from './log.ts'
import { originsOf } from './origins.ts'
import { packageVersion } from './package-root.ts'
import {
  limitSamples,
  type OpenListener,
  openCertificates,
  openLimit,
  openPublicListeners,
  servedBy,
  withLine
} from './public-listeners.ts'
import { openWebhooks } from './webhooks.ts'
import { openWorkers } from './worker-listeners.ts'
import { createWorkers } from './workers.ts'

/** Only the owner of the gateway may operate it through a socket. */
const ADMIN_SOCKET_MODE = 0o600
/** For answers that are under way: operators may ask until everything else has stopped. */
const ADMIN_CLOSE_MS = 1000

/**
 * Runs a gateway until TERM or INT: the first drains and stops, a second one stops at once.
 *
 * @returns the exit code
 */
export async function runServer(settings: Settings): Promise<number> {
  const output = createLogStream(process.stdout)
  const warnings: string[] = []
  const certificates = openCertificates(settings, (text) => warnings.push(text))
  const token = hasAdmin(settings) ? ensureAdminToken(settings) : null
  let stopping = false
  let log: Gateway['log'] | undefined
  // What the store has to say before there is a log is said once there is one.
  const early: [unknown, string][] = []
  const onError = (err: unknown, doing: string): void => {
    if (log === undefined) early.push([err, doing])
    else log.error({ err }, `${doing} failed`)
  }
  const listeners: OpenListener[] = []
  const tell = (level: 'info' | 'warn' | 'error', fields: object, text: string): void =>
    log?.[level](fields, text)
  const webhooks = openWebhooks(settings, packageVersion(), tell)
  const onEvent = (what: string, fields: object): void => log?.warn(fields, what)
  const fleet = await openFleet({
    url: settings.store,
    fleet: settings.fleet,
    stateDir: settings.stateDir,
    recover: settings.recover,
    coldStart: settings.coldStart,
    fencing: settings.fencing,
    ...(settings.storeCa === null ? {} : { ca: readFileSync(settings.storeCa, 'utf8') }),
    software: packageVersion(),
    timing: { coldStartMs: settings.coldStartGraceMs },
    onError,
    onEvent
  })
  const limit = openLimit(settings, (which) =>
    log?.warn({ limit: which, open: limit.open }, 'connection refused')
  )
  const workers = settings.workers > 1 ? createWorkers({ settings, fleet, log: tell }) : undefined
  let gateway: Gateway | undefined
  const control = await openFleetControl(
    fleet,
    {
      sites: settings.sites.map(({ name }) => name),
      onError,
      onChange: webhooks.tell,
      isHealthy: async (site) => gateway?.isHealthy(site) ?? false
    },
    workers
  )
  gateway = await createGateway(settings, {
    control,
    fleet,
    adminToken: token?.token ?? null,
    output,
    isReady: () => !stopping,
    origins: (site) =>
      originsOf(
        settings,
        listeners.map(({ target }) => target),
        site
      ),
    samples: async () => [...((await workers?.samples()) ?? limitSamples(limit)), ...webhooks.samples()],
    ...(workers === undefined ? {} : { factsOf: workers.factsOf })
  })
  log = gateway.log
  for (const [err, doing] of early) onError(err, doing)
  if (token?.created) log.info({ path: token.path }, 'admin token made')
  for (const warning of warnings) log.warn({ certificate: warning }, 'certificate accepted with a warning')
  const weakness = http2Weakness()
  if (weakness !== null && (settings.h2c || (settings.http2 && certificates !== null)))
    log.warn({ weakness }, 'HTTP/2 offered with a warning')
  else if (weakness !== null && certificates !== null) log.info({ weakness }, 'HTTP/2 not offered')

  const stopped = onStopSignal(() => log?.warn('stopping at once'))
  let adminListener: OpenListener | undefined
  try {
    if (workers === undefined) await openPublicListeners(gateway, settings, certificates, limit, listeners)
    else listeners.push(...(await openWorkers(workers, settings)))
    if (gateway.admin !== null && settings.admin !== null) {
      const { admin } = gateway
      const options = { ...servedBy(() => admin), socketMode: ADMIN_SOCKET_MODE }
      adminListener = withLine(await openListener(settings.admin, options), 'admin')
    }
    for (const { line } of listeners) process.stdout.write(`${line}\n`)
    if (adminListener !== undefined) process.stdout.write(`${adminListener.line}\n`)
    const signal = await stopped
    stopping = true
    fleet.stopping()
    log.info({ signal, inFlight: gateway.inFlight }, 'draining')
    for (const { gate } of gateway.sites.values()) gate.giveUp()
  } finally {
    await Promise.all(listeners.map((listener) => listener.close(settings.drainTimeoutMs)))
    await workers?.stop(settings.drainTimeoutMs)
    await adminListener?.close(ADMIN_CLOSE_MS)
    await gateway.close()
    await control.close()
    await fleet.store.close()
    webhooks.close()
  }
  log.info('stopped')
  return 0
}

function onStopSignal(onSecond: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = false
    const onSignal = (signal: NodeJS.Signals): void => {
      if (seen) {
        onSecond()
        process.exit(1)
      }
      seen = true
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
