import { InputError } from '../errors.ts'
import { type Barrier, createLocalBarrier, type LocalSite, type WaitOutcome } from './barrier.ts'
import { SITE_LENGTH, type StateDocument } from './document.ts'
import { during } from './during.ts'
import { isPlainText } from './fields.ts'
import type { Change } from './history.ts'
import { verifyToken } from './links.ts'
import { createListeners } from './listeners.ts'
import { createPlans, type Plans } from './plans.ts'
import { openReplica } from './replica.ts'
import { type EnterRequest, type LeaveRequest, readWaiting, type Waiting } from './request.ts'
import { nextWindow } from './schedule.ts'
import { type SharedState, storedDocument } from './shared-state.ts'
import { createSite, type Maintenance, type Site } from './site.ts'
import type { StateStore } from './store.ts'
import { enterSites, isOverdue, leaveSites } from './transitions.ts'

/** All sites of a process, and all that may be done to them. */
export interface Control extends Plans {
  /** False until the store could be read: the mode of no site is known then. */
  readonly isKnown: boolean
  /** The shared revision that is in force here. */
  readonly revision: number
  /** The sites of this process. */
  readonly siteNames: readonly string[]
  /** @throws InputError for a name that is not one of the sites */
  site(name: string): Maintenance
  /** A site as a barrier sees it; undefined for a name that is not one of the sites. */
  local(name: string): LocalSite | undefined
  /** Enters a mode on one site, or on every site in one change. Resolves and throws as {@link Maintenance.enter}. */
  enter(request: EnterRequest & { site?: string }): Promise<Changed>
  /** Takes one site back to live, or every site in one change. Resolves and throws as {@link Maintenance.leave}. */
  leave(request: LeaveRequest & { site?: string }): Promise<Changed>
  /** The last 100 changes, newest first. */
  history(): Promise<Change[]>
  /** Takes other sites from now on. What is stored of those that are gone stays stored. */
  setSites(names: readonly string[]): void
  /**
   * Tells of every change once it is in force here: the documents that changed, none when it was about windows or links,
   * and the record of it when it was made here.
   *
   * @returns a function that ends it
   */
  onChange(listener: (documents: StateDocument[], change?: Change) => void): () => void
  /** Finishes the change under way, ends all waits, and lets go of the store, which stays open: it is its opener's. */
  close(): Promise<void>
}

/** What came of a change. */
export interface Changed {
  /** What is so now, of each site that was meant. */
  documents: StateDocument[]
  /** The highest of their revisions. */
  revision: number
  /** What came of waiting for it. */
  wait: WaitOutcome
}

/** What a control is made of. */
export interface ControlDeps {
  /** Where the state is kept. It stays open: it is its opener's. */
  store: StateStore
  /** Default: `default` alone. */
  sites?: readonly string[]
  /** Milliseconds since the epoch. Default: Date.now. */
  now?: () => number
  /** Told of what went wrong with nobody waiting for it. Default: nobody is told. */
  onError?: (error: unknown, doing: string) => void
  /** Told of every change as by {@link Control.onChange}, and of those too that are due at the start. Default: nobody is told. */
  onChange?: (documents: StateDocument[], change?: Change) => void
  /** Asked before a site is opened whose mode ends when it is healthy. Default: it is. */
  isHealthy?: (site: string) => Promise<boolean>
  /** Time between the answer that it is not and the next question. Default: 5000. */
  healthIntervalMs?: number
  /** Makes what changes wait for, of the barrier of this process. Default: this process alone. */
  barrier?: (local: Barrier) => Barrier
  /** Whether what was read may be relied on, asked for every request; false makes the mode unknown. Default: it may. */
  isTrusted?: () => boolean
  /** Whether changes are made here whose time has come. Default true; false where another process does that. */
  keepsTime?: boolean
}

/**
 * Reads the state from the store and follows it. What was due meanwhile has happened when the promise resolves.
 *
 * @throws InputError for names of sites that cannot be; what `store.read` throws, but for ERR_STORE_UNREACHABLE
 */
export async function openControl(deps: ControlDeps): Promise<Control> {
  const { store, now = Date.now, onError = () => {}, isHealthy = async () => true } = deps
  const { isTrusted = () => true } = deps
  const sites = new Map<string, Site>()
  const views = new Map<string, Maintenance>()
  const closing = new AbortController()
  const listeners = createListeners<[StateDocument[], Change | undefined]>((error) =>
    onError(error, 'telling of a change')
  )
  const { onChange } = deps
  if (onChange !== undefined) listeners.add(([documents, change]) => onChange(documents, change))
  let names: readonly string[] = []
  takeNames(deps.sites ?? ['default'])
  const replica = await openReplica({
    ...{ store, now, onError, isHealthy, keepsTime: deps.keepsTime ?? true },
    healthIntervalMs: deps.healthIntervalMs ?? 5000,
    sites: () => names,
    onState(after, change) {
      const changed = [...sites.values()].filter((site) => apply(site, after))
      listeners.tell([changed.map(({ document }) => document), change])
    }
  })
  const local = createLocalBarrier({
    get revision() {
      return replica.state.revision
    },
    site: (name) => sites.get(name),
    onChange: listeners.add,
    closing: closing.signal
  })
  const barrier = deps.barrier?.(local) ?? local

  return {
    ...createPlans(replica, now, checkSite),
    get isKnown() {
      return replica.isKnown && isTrusted()
    },
    get revision() {
      return replica.state.revision
    },
    get siteNames() {
      return names
    },
    site: viewOf,
    local: (name) => (names.includes(name) ? sites.get(name) : undefined),
    enter: async ({ site, ...request }) => enter(wantedSites(site), request),
    leave: async ({ site, ...request }) => leave(wantedSites(site), request),
    history: () => store.history(),
    setSites(next) {
      takeNames(next)
      for (const name of names) apply(sites.get(name) as Site, replica.state)
      replica.look()
    },
    onChange: (listener) => listeners.add(([documents, change]) => listener(documents, change)),
    async close() {
      closing.abort()
      await replica.close()
      listeners.clear()
    }
  }

  async function enter(wanted: readonly string[], request: EnterRequest): Promise<Changed> {
    const waiting = readWaiting(request, ['applied', 'drained', 'none'])
    return settle(wanted, waiting, await replica.change((state) => enterSites(state, wanted, request, now())))
  }

  async function leave(wanted: readonly string[], request: LeaveRequest): Promise<Changed> {
    const waiting = readWaiting(request, ['applied', 'none'])
    const make = (state: SharedState): ReturnType<typeof leaveSites> =>
      leaveSites(state, wanted, names, request, now())
    return settle(wanted, waiting, await replica.change(make))
  }

  // It is stored and in force here; what is left is to wait for the others.
  async function settle(wanted: readonly string[], waiting: Waiting, state: SharedState): Promise<Changed> {
    const documents = wanted.map((name) => storedDocument(state, name) ?? (sites.get(name) as Site).document)
    const revision = Math.max(...documents.map((document) => document.revision))
    const wait = await barrier.wait({ ...waiting, revision, sites: [...wanted] })
    return { documents, revision, wait }
  }

  function viewOf(name: string): Maintenance {
    checkSite(name)
    const view = views.get(name) ?? createView(sites.get(name) as Site)
    views.set(name, view)
    return view
  }

  function createView(site: Site): Maintenance {
    const one = ({ documents, wait }: Changed) => ({ ...(documents[0] as StateDocument), wait })
    return {
      site: site.name,
      inFlight: site.inFlight,
      get isKnown() {
        return replica.isKnown && isTrusted()
      },
      get state() {
        return site.document
      },
      get next() {
        return nextWindow(replica.state, site.name, now())
      },
      get isOverdue() {
        return isOverdue(site.document, now())
      },
      enter: async (request = {}) => one(await enter([site.name], request)),
      leave: async (request = {}) => one(await leave([site.name], request)),
      during(request, work) {
        const wait = async (state: SharedState, waiting: Waiting): Promise<WaitOutcome> =>
          (await settle([site.name], waiting, state)).wait
        return during({ site: site.name, change: replica.change, wait, now, onError }, request, work)
      },
      verifyLink: (token) => verifyToken(replica.state, token, site.name, now()),
      onChange: site.onChange,
      close: async () => {}
    }
  }

  function takeNames(next: readonly string[]): void {
    const isName = (name: unknown): boolean => isPlainText(name) && name !== '' && name.length <= SITE_LENGTH
    if (next.length === 0 || !next.every(isName) || new Set(next).size < next.length)
      throw new InputError('sites', next, `different names of 1 to ${SITE_LENGTH} characters`)
    names = [...next]
    // One that comes back finds what it had in flight.
    for (const name of names) if (!sites.has(name)) sites.set(name, createSite(name, now(), onError))
  }

  function wantedSites(site: string | null | undefined): readonly string[] {
    if (site == null) return names
    checkSite(site)
    return [site]
  }

  function checkSite(site: string): void {
    if (!names.includes(site)) throw new InputError('site', site, `one of the sites ${names.join(', ')}`)
  }
}

function apply(site: Site, state: SharedState): boolean {
  const stored = storedDocument(state, site.name)
  return stored !== undefined && site.apply(stored)
}
