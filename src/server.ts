import type { LoadedSettings } from './config/load.ts'
import { readOperators } from './config/operators.ts'
import type { Settings } from './config/settings.ts'
import { ensureAdminToken, hasAdmin } from './config/token.ts'
import { openFleet, openFleetControl } from './fleet/open-fleet.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { http2Weakness } from './http2-safety.ts'
import { inherit, refuseUnclaimed } from './listeners/inherited.ts'
import { createLogStream } from './log.ts'
import { originsOf } from './origins.ts'
import { packageVersion } from './package-root.ts'
import { limitSamples, openLimit } from './public-listeners.ts'
import { createReload } from './reload.ts'
import { createServiceManager } from './service-manager.ts'
import { createServing, type Serving } from './serving.ts'
import { onSignals } from './signals.ts'
import { readAuthorities } from './small-file.ts'
import { findOpenToAll } from './state/open-to-all.ts'
import { openWebhooks } from './webhooks.ts'
import { createWorkers } from './workers.ts'

/**
 * Runs a gateway until TERM or INT: the first drains and stops, a second one stops at once. HUP reloads.
 *
 * @param load reads the configuration anew
 * @param inherited how many sockets were handed over at the start
 * @param isNotified whether whoever has started it wants to hear how far it is (sd_notify(3))
 * @returns the exit code
 */
export async function runServer(
  first: LoadedSettings,
  load: () => Promise<LoadedSettings>,
  inherited: number,
  isNotified: boolean
): Promise<number> {
  const { settings } = first
  const output = createLogStream(process.stdout)
  let stopping = false
  let serving: Serving | undefined
  const log = (): Gateway['log'] | undefined => serving?.gateway?.log
  // What there is to say before there is a log is said once there is one.
  const early: (() => void)[] = []
  const tell = (level: 'info' | 'warn' | 'error', fields: object, text: string): void => {
    if (log() === undefined) early.push(() => tell(level, fields, text))
    else log()?.[level](fields, text)
  }
  const onError = (err: unknown, doing: string): void => tell('error', { err }, `${doing} failed`)
  const manager = createServiceManager(isNotified, (error) => onError(error, 'telling systemd how far it is'))
  const webhooks = openWebhooks(settings, packageVersion(), tell)
  const fleet = await openFleet({
    url: settings.store,
    fleet: settings.fleet,
    stateDir: settings.stateDir,
    recover: settings.recover,
    coldStart: settings.coldStart,
    fencing: settings.fencing,
    ...(settings.storeCa === null ? {} : { ca: readAuthorities(settings.storeCa).toString() }),
    software: packageVersion(),
    timing: {
      coldStartMs: settings.coldStartGraceMs,
      abandonedMs: Math.max(...settings.sites.map(({ abandonedTimeoutMs }) => abandonedTimeoutMs))
    },
    onError,
    onForgotten: (change) => webhooks.tell([], change),
    onEvent: (what, fields) => tell('warn', fields, what)
  })
  for (const found of findOpenToAll(settings.stateDir, settings.store))
    tell('warn', { ...found }, 'every user of this machine may change the state: chmod o-w')
  const limit = openLimit(settings, (which) =>
    tell('warn', { limit: which, open: limit.open }, 'connection refused')
  )
  const workers = settings.workers > 1 ? createWorkers({ settings, fleet, log: tell }) : undefined
  const control = await openFleetControl(
    fleet,
    {
      sites: settings.sites.map(({ name }) => name),
      onError,
      onChange: webhooks.tell,
      isHealthy: async (site) => serving?.gateway?.isHealthy(site) ?? false
    },
    workers
  )
  const reload = createReload({ loaded: first, load, apply, log: tell, manager, isStopping: () => stopping })
  serving = createServing({
    createGateway: buildGateway,
    control,
    limit,
    onError,
    onCertificateWarning: (warning) =>
      tell('warn', { certificate: warning }, 'certificate accepted with a warning'),
    ...(workers === undefined ? {} : { open: workers.open })
  })
  const signals = onSignals({
    onReload: () => void reload.now('SIGHUP'),
    onSecondStop: () => tell('warn', {}, 'stopping at once')
  })

  try {
    if (inherited > 0) await inherit(inherited)
    await apply(first)
    refuseUnclaimed()
    for (const say of early.splice(0)) say()
    manager.ready('serving')
    const weakness = http2Weakness()
    if (weakness !== null && (settings.h2c || (settings.http2 && settings.tlsCert.length > 0)))
      tell('warn', { weakness }, 'HTTP/2 offered with a warning')
    else if (weakness !== null && settings.tlsCert.length > 0)
      tell('info', { weakness }, 'HTTP/2 not offered')
    const signal = await signals.stopped
    stopping = true
    manager.stopping()
    fleet.stopping()
    tell('info', { signal, inFlight: serving.gateway.inFlight }, 'draining')
  } finally {
    const { drainTimeoutMs } = reload.loaded.settings
    await serving.closeListeners(drainTimeoutMs)
    await workers?.stop(drainTimeoutMs)
    await serving.close()
    await control.close()
    await fleet.store.close()
    webhooks.close()
    await manager.settled()
  }
  tell('info', {}, 'stopped')
  return 0

  // At the start as well: there is nothing yet that it takes the place of.
  async function apply({ settings: next }: LoadedSettings): Promise<void> {
    const useWebhooks = webhooks.prepare(next)
    const prepared = await serving!.prepare(next)
    const ofWorkers = await workers?.prepare(next).catch(async (error: unknown) => {
      await prepared.abandon()
      throw error
    })
    prepared.commit()
    useWebhooks()
    await ofWorkers?.commit()
    for (const line of prepared.lines) process.stdout.write(`${line}\n`)
  }

  async function buildGateway(next: Settings, replaces: Gateway | undefined): Promise<Gateway> {
    const token = hasAdmin(next) ? ensureAdminToken(next) : null
    if (token?.created) tell('info', { path: token.path }, 'admin token made')
    return createGateway(next, {
      control,
      fleet,
      adminTokens: token === null ? [] : [token.token, ...readOperators(next)],
      output,
      isReady: () => !stopping,
      origins: (site) => originsOf(next, serving?.targets ?? [], site),
      samples: async () => [
        ...((await workers?.samples()) ?? limitSamples(limit)),
        ...webhooks.samples(),
        ...reload.samples()
      ],
      reload: reload.now,
      replaces,
      ...(workers === undefined ? {} : { factsOf: workers.factsOf })
    })
  }
}
