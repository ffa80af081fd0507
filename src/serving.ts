/** What a process serves with: gateway, listeners and certificates. A reload exchanges them together. */
import type { Settings } from './config/settings.ts'
import { IntermissionError } from './errors.ts'
import type { Gateway } from './gateway.ts'
import { type CertificateStore, createCertificateStore } from './listeners/certificate-store.ts'
import { type Certificate, loadCertificates } from './listeners/certificates.ts'
import type { ConnectionLimit } from './listeners/connection-limit.ts'
import { type Listener, type ListenerOptions, type ListenTarget, openListener } from './listeners/listener.ts'
import { createNewestFirst } from './listeners/newest-first.ts'
import { openFilesLimit, USUAL_OPEN_FILES } from './open-files.ts'
import { limitsOf, lineOf, servedBy, type WantedListener, wantedListeners } from './public-listeners.ts'
import type { Control } from './state/control.ts'

/** Opens a listener for visitors. @param place names it for as long as the process lives */
export type OpenOne = (target: ListenTarget, options: ListenerOptions, place: string) => Promise<Listener>

export interface ServingDeps {
  /** Builds the apps. @param replaces those that they will take the place of */
  createGateway(settings: Settings, replaces: Gateway | undefined): Promise<Gateway>
  control: Pick<Control, 'siteNames' | 'setSites'>
  limit: ConnectionLimit
  /** Default: this process accepts the connections. */
  open?: OpenOne
  /** Told of what a certificate has that an operator should know. */
  onCertificateWarning?(text: string): void
  onError(error: unknown, doing: string): void
}

export interface Serving {
  /** The one that serves now. */
  readonly gateway: Gateway
  /** Where visitors come in. */
  readonly targets: readonly ListenTarget[]
  /** Builds all that the settings ask for, beside what serves. Throws what is wrong with them; nothing is changed then. */
  prepare(settings: Settings): Promise<Prepared>
  /** Stops accepting visitors, tells those who would stay, lets requests finish, and cuts what is left after `timeoutMs`. */
  closeListeners(timeoutMs: number): Promise<void>
  /** Closes what is left, the admin listener first. */
  close(): Promise<void>
}

/** A configuration that is ready to serve. */
export interface Prepared {
  /** The lines of the listeners that are new. */
  readonly lines: readonly string[]
  /** Puts it into force, at once and whole. */
  commit(): void
  /** Leaves everything as it was. */
  abandon(): Promise<void>
}

interface Open {
  listener: Listener
  manner: string
}

/** Only the owner of the gateway may operate it through a socket. */
const ADMIN_SOCKET_MODE = 0o600
/** For answers that are under way: operators may ask until everything else has stopped. */
const ADMIN_CLOSE_MS = 1000
const ADMIN = 'admin '
/** A share of the files that this process may open, so that visitors have theirs whoever calls the admin API. */
const ADMIN_SHARE = 1 / 8
const MOST_ADMIN_CONNECTIONS = 256

export function createServing(deps: ServingDeps): Serving {
  const { limit, control, open = openListener, onError } = deps
  let gateway: Gateway | undefined
  let certificates: CertificateStore | null = null
  let listeners = new Map<string, Open>()
  const ofOperators = createNewestFirst(
    Math.min(MOST_ADMIN_CONNECTIONS, Math.floor((openFilesLimit() ?? USUAL_OPEN_FILES) * ADMIN_SHARE))
  )
  const closing = new Set<Listener>()
  const retiring = new Set<Gateway>()
  // Listeners live longer than the gateway that they are opened for, and must not keep it.
  const served = {
    gateway: () => gateway!,
    limit,
    portOf: (place: string) => portOf(listeners.get(place)?.listener.target)
  }

  return {
    get gateway() {
      return gateway!
    },
    get targets() {
      return publicOnes().map(({ target }) => target)
    },
    prepare,
    async closeListeners(timeoutMs) {
      const closed = Promise.all([...publicOnes(), ...closing].map((one) => one.close(timeoutMs)))
      for (const one of [...retiring, gateway]) one?.giveUp()
      await closed
    },
    async close() {
      const rest = [...listeners.values()].map(({ listener }) => listener.close(ADMIN_CLOSE_MS))
      await Promise.all([...rest, ...[...closing].map((one) => one.close(ADMIN_CLOSE_MS))])
      await Promise.all([...retiring, ...(gateway === undefined ? [] : [gateway])].map((one) => one.close()))
    }
  }

  async function prepare(settings: Settings): Promise<Prepared> {
    const loaded = readCertificates(settings)
    for (const { warning } of loaded) if (warning !== null) deps.onCertificateWarning?.(warning)
    const store = certificates ?? (loaded.length === 0 ? null : createCertificateStore(loaded))
    const sites = control.siteNames
    const names = settings.sites.map(({ name }) => name)
    control.setSites([...new Set([...sites, ...names])])
    const next = await deps.createGateway(settings, gateway).catch((error: unknown) => {
      control.setSites(sites)
      throw error
    })
    const before = gateway
    gateway ??= next
    const wanted = wantedListeners(settings, {
      ...served,
      certificates: store
    })
    const { admin } = settings
    if (next.admin !== null && admin !== null) wanted.push(wantedAdmin(admin, next))
    const fresh = new Map<string, Listener>()
    const lines: string[] = []
    const abandon = async (): Promise<void> => {
      await Promise.all([...fresh.values()].map((listener) => listener.close(0)))
      gateway = before
      await next.close()
      control.setSites(sites)
    }
    try {
      for (const { place, target, options, does } of wanted) {
        if (listeners.has(place)) continue
        const isAdmin = place.startsWith(ADMIN)
        const opening = (isAdmin ? openListener : open)(target, options, place)
        const listener = await opening.catch((cause: Error) => {
          const option = isAdmin ? 'admin' : does === 'listening' ? 'listen' : 'redirectListen'
          throw new IntermissionError('ERR_CONFIG_INVALID', `${option}: ${cause.message}`, { cause })
        })
        fresh.set(place, listener)
        lines.push(lineOf(listener, isAdmin ? 'admin' : does))
      }
    } catch (error) {
      await abandon()
      throw error
    }
    const parts = { next, before, loaded, store, wanted, fresh }
    return { lines, abandon, commit: () => commit(settings, parts) }
  }

  function commit(settings: Settings, { next, before, loaded, store, wanted, fresh }: Parts): void {
    const open = listeners
    if (loaded.length > 0) {
      if (store !== certificates) certificates = store
      else certificates?.replace(loaded)
    }
    control.setSites(settings.sites.map(({ name }) => name))
    gateway = next
    next.takeOver()
    limit.change(limitsOf(settings))
    listeners = new Map(wanted.map((one) => [one.place, listenerFor(one, open.get(one.place), fresh)]))
    for (const [place, { listener }] of open) if (!listeners.has(place)) leave(listener)
    if (before !== undefined) retire(before)
  }

  function listenerFor(wanted: WantedListener, there: Open | undefined, fresh: Parts['fresh']): Open {
    const { place, target, options, manner } = wanted
    if (there === undefined) return { listener: fresh.get(place)!, manner }
    if (there.manner !== manner)
      there.listener.serve({ ...target, ...portIn(there.listener.target) }, options)
    return { listener: there.listener, manner }
  }

  function wantedAdmin(target: ListenTarget, next: Gateway): WantedListener {
    const place = `${ADMIN}${JSON.stringify(target)}`
    let admin = next.admin!
    const options = servedBy(() => {
      admin = gateway?.admin ?? admin
      return admin
    })
    return {
      ...{
        place,
        target,
        options: { ...options, limit: ofOperators, socketMode: ADMIN_SOCKET_MODE },
        manner: ''
      },
      does: 'listening'
    }
  }

  function publicOnes(): Listener[] {
    return [...listeners].filter(([place]) => !place.startsWith(ADMIN)).map(([, { listener }]) => listener)
  }

  // Nothing of what came in by it is cut.
  function leave(listener: Listener): void {
    closing.add(listener)
    listener
      .close(null)
      .catch((error: unknown) => onError(error, 'closing a listener'))
      .finally(() => closing.delete(listener))
  }

  function retire(before: Gateway): void {
    retiring.add(before)
    before
      .retire()
      .catch((error: unknown) => onError(error, 'closing what a reload has replaced'))
      .finally(() => retiring.delete(before))
  }
}

/**
 * Reads the certificates that the settings name.
 *
 * @throws CertificateError
 */
export function readCertificates({ tlsCert, tlsKey }: Settings): Certificate[] {
  return loadCertificates(tlsCert.map((certPath, at) => ({ certPath, keyPath: tlsKey[at]! })))
}

interface Parts {
  next: Gateway
  /** The one whose place it takes. */
  before: Gateway | undefined
  loaded: readonly Certificate[]
  store: CertificateStore | null
  wanted: readonly WantedListener[]
  fresh: ReadonlyMap<string, Listener>
}

function portOf(target: ListenTarget | undefined): number | null {
  return target?.kind === 'tcp' ? target.port : null
}

function portIn(target: ListenTarget): { port: number } | object {
  return target.kind === 'tcp' ? { port: target.port } : {}
}
