/**
 * What the state of all sites should be, in the simplest words: no revisions, no store, no processes, and time that is
 * looked at when somebody asks. It shares no code with what it is compared to.
 */

export interface ModelSite {
  mode: string
  message: string | null
  by: string | null
  untilMs: number | null
  onExpiry: string
  sinceMs: number
}

export interface ModelWindow {
  id: string
  site: string | null
  mode: string
  message: string | null
  onExpiry: string
  by: string | null
  fromMs: number
  untilMs: number
  left: Set<string>
}

export interface ModelLink {
  id: string
  site: string | null
  untilMs: number
}

export interface Model {
  nowMs: number
  /** The sites that are configured. */
  names: string[]
  healthy: Set<string>
  /** Which processes run. */
  up: boolean[]
  /** The sites that somebody has touched. */
  sites: Map<string, ModelSite>
  windows: ModelWindow[]
  links: ModelLink[]
}

export type Said = Omit<ModelSite, 'sinceMs'>

export function siteOf(model: Model, name: string): ModelSite {
  return model.sites.get(name) ?? live(null, model.nowMs)
}

/** What time alone does. */
export function passTime(model: Model): void {
  for (const name of new Set([...model.names, ...model.sites.keys()])) {
    const site = siteOf(model, name)
    const isOver = isOverdue(model, name) && (site.onExpiry === 'leave' || isWell(model, name))
    const window = model.windows.find((each) => isFor(each, name) && isNow(model, each))
    if (site.mode !== 'live' && !isOver) continue
    if (window !== undefined && model.names.includes(name)) {
      const { mode, message, untilMs, onExpiry, id } = window
      put(model, name, { mode, message, untilMs, onExpiry, by: `window ${id}` })
    } else if (isOver) {
      put(model, name, live('expiry', model.nowMs))
    }
  }
}

/** @returns whether anything changed */
export function enter(model: Model, names: readonly string[], said: Said): boolean {
  const changed = names.filter((name) => {
    const { sinceMs, ...before } = siteOf(model, name)
    return JSON.stringify(sorted(before)) !== JSON.stringify(sorted(said))
  })
  for (const name of changed) put(model, name, said)
  return changed.length > 0
}

/** @returns whether anything changed */
export function leave(model: Model, names: readonly string[], by: string | null): boolean {
  const closed = names.filter((name) => siteOf(model, name).mode !== 'live')
  if (closed.length === 0) return false
  const makers = new Map(closed.map((name) => [name, siteOf(model, name).by]))
  for (const name of closed) put(model, name, live(by, model.nowMs))
  for (const window of [...model.windows]) {
    const meant = names.filter((name) => isNow(model, window) || makers.get(name) === `window ${window.id}`)
    const ended = meant.filter((name) => isFor(window, name))
    for (const name of ended) window.left.add(name)
    if (ended.length > 0 && !model.names.some((name) => isFor(window, name)))
      model.windows.splice(model.windows.indexOf(window), 1)
  }
  return true
}

/** The window that says the same, or one that is in the way. */
export function conflicting(model: Model, wanted: ModelWindow): { same?: ModelWindow; other?: ModelWindow } {
  const said = ({ id, left, ...rest }: ModelWindow): string => JSON.stringify(sorted(rest))
  const same = model.windows.find((each) => said(each) === said(wanted))
  if (same) return { same }
  const other = model.windows.find(
    (each) =>
      each.untilMs > model.nowMs &&
      each.fromMs < wanted.untilMs &&
      wanted.fromMs < each.untilMs &&
      (wanted.site === null || isFor(each, wanted.site))
  )
  return other ? { other } : {}
}

export function addWindow(model: Model, window: ModelWindow): void {
  model.windows.push(window)
  tidy(model)
}

export function removeWindow(model: Model, id: string): void {
  model.windows = model.windows.filter((each) => each.id !== id)
  for (const [name, site] of model.sites)
    if (site.mode !== 'live' && site.by === `window ${id}`) put(model, name, live(null, model.nowMs))
  tidy(model)
}

/** Whatever is changed, what is over is thrown away on the occasion. */
export function tidy(model: Model): void {
  model.windows = model.windows.filter(({ untilMs }) => untilMs > model.nowMs)
  model.links = model.links.filter(({ untilMs }) => untilMs > model.nowMs)
}

export function isOverdue(model: Model, name: string): boolean {
  const { mode, untilMs } = siteOf(model, name)
  return mode !== 'live' && untilMs !== null && untilMs <= model.nowMs
}

export function nextWindow(model: Model, name: string): ModelWindow | undefined {
  const coming = model.windows.filter((each) => isFor(each, name) && each.fromMs > model.nowMs)
  return coming.sort((a, b) => a.fromMs - b.fromMs)[0]
}

function isWell(model: Model, name: string): boolean {
  const waits = siteOf(model, name).onExpiry === 'leave-if-healthy'
  return waits && model.healthy.has(name) && model.names.includes(name)
}

function isFor(window: ModelWindow, name: string): boolean {
  return (window.site === null || window.site === name) && !window.left.has(name)
}

function isNow(model: Model, { fromMs, untilMs }: ModelWindow): boolean {
  return fromMs <= model.nowMs && model.nowMs < untilMs
}

function live(by: string | null, sinceMs: number): ModelSite {
  return { mode: 'live', message: null, by, untilMs: null, onExpiry: 'leave', sinceMs }
}

function put(model: Model, name: string, said: Said): void {
  const before = siteOf(model, name)
  const sinceMs = before.mode === said.mode ? before.sinceMs : model.nowMs
  model.sites.set(name, { ...said, sinceMs })
  tidy(model)
}

function sorted(value: object): [string, unknown][] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}
