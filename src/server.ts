import type { FastifyInstance } from 'fastify'
import { formatAddress } from './config/address.ts'
import type { Settings } from './config/settings.ts'
import { ensureAdminToken } from './config/token.ts'
import { createGateway } from './gateway.ts'
import { type Listener, type ListenTarget, openListener } from './listener.ts'
import { createLogStream } from './log.ts'
import { openMaintenance } from './state/maintenance.ts'
import { openStore } from './state/open-store.ts'

/** Only the owner of the gateway may operate it through a socket. */
const ADMIN_SOCKET_MODE = 0o600

/**
 * Runs a gateway until TERM or INT: the first drains and stops, a second one stops at once.
 *
 * @returns the exit code
 */
export async function runServer(settings: Settings): Promise<number> {
  const output = createLogStream(process.stdout)
  const token = ensureAdminToken(settings)
  let stopping = false
  let log: FastifyInstance['log'] | undefined
  // What the store has to say before there is a log is said once there is one.
  const early: [unknown, string][] = []
  const onError = (err: unknown, doing: string): void => {
    if (log === undefined) early.push([err, doing])
    else log.error({ err }, `${doing} failed`)
  }
  const store = openStore(settings.store, { recover: settings.recover, onError })
  const maintenance = await openMaintenance({
    store,
    onError
  })
  const gateway = await createGateway(settings, {
    maintenance,
    adminToken: token.token,
    output,
    isReady: () => !stopping
  })
  log = gateway.site.log
  for (const [err, doing] of early) onError(err, doing)
  if (token.created) log.info({ path: token.path }, 'admin token made')

  const stopped = onStopSignal(() => log?.warn('stopping at once'))
  const listeners: Listener[] = []
  try {
    for (const target of settings.listen) listeners.push(await listenFor(gateway.site, target))
    if (gateway.admin !== null)
      listeners.push(await listenFor(gateway.admin, settings.admin!, ADMIN_SOCKET_MODE))
    for (const [at, listener] of listeners.entries()) {
      const what = at < settings.listen.length ? 'listening' : 'admin'
      process.stdout.write(`intermission ${what} on ${formatAddress(listener.target)}\n`)
    }
    const signal = await stopped
    stopping = true
    log.info({ signal, inFlight: gateway.site.proxy.inFlight }, 'draining')
  } finally {
    await Promise.all(listeners.map((listener) => listener.close(settings.drainTimeoutMs)))
    await gateway.admin?.close()
    await gateway.site.close()
    await maintenance.close()
    await store.close()
  }
  log.info('stopped')
  return 0
}

function listenFor(app: FastifyInstance, target: ListenTarget, socketMode?: number): Promise<Listener> {
  return openListener(target, {
    onRequest: (request, response) => app.routing(request, response),
    // Plugins listen on the app's own server, which never listens itself.
    onUpgrade: (request, socket, bytes) => {
      if (!app.server.emit('upgrade', request, socket, bytes)) socket.destroy()
    },
    ...(socketMode === undefined ? {} : { socketMode })
  })
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
