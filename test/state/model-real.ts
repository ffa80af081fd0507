/** Two processes on one store, as the model test drives them, and how they are compared to the model. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Control, openControl } from '../../src/state/control.ts'
import { emptyState, type SharedState, storedDocument } from '../../src/state/shared-state.ts'
import type { StateStore } from '../../src/state/store.ts'
import { isOverdue, type Model, nextWindow, passTime, siteOf } from './model.ts'

export const SITES = ['shop', 'blog', 'docs']

export class Real {
  readonly tokens = new Map<string, string>()
  readonly healthy = new Set<string>()
  nowMs: number
  names: string[]
  private readonly openStore: () => StateStore
  private readonly running: ({ control: Control; store: StateStore } | undefined)[] = [undefined, undefined]
  private before: SharedState | undefined

  constructor(openStore: () => StateStore, { nowMs, names }: Pick<Model, 'nowMs' | 'names'>) {
    this.openStore = openStore
    this.nowMs = nowMs
    this.names = names
  }

  async start(n: number): Promise<void> {
    const store = this.openStore()
    const control = await openControl({
      ...{ store, sites: this.names, now: () => this.nowMs, healthIntervalMs: 2 },
      isHealthy: async (site) => this.healthy.has(site)
    })
    this.running[n] = { control, store }
  }

  async stop(n: number): Promise<void> {
    await this.running[n]?.control.close()
    await this.running[n]?.store.close()
    this.running[n] = undefined
  }

  /** A running process: the one that is asked for, else the other. */
  at(n: number): { control: Control; store: StateStore } {
    return this.running[n] ?? this.running[1 - n] ?? assert.fail('no process runs')
  }

  all(): { control: Control; store: StateStore }[] {
    return this.running.filter((each) => each !== undefined)
  }

  /** Waits until all processes agree with the model, and fails with the difference when they do not. */
  async agree(model: Model): Promise<void> {
    if (this.all().length === 0) return
    passTime(model)
    for (const { control } of this.all()) {
      await look(control)
      // The clock was set; without this it would be seen in half a minute.
      control.setSites(this.names)
    }
    const endMs = Date.now() + 5000
    for (;;) {
      try {
        for (const { control } of this.all())
          assert.deepEqual(viewOf(control, this.tokens), expectedView(model, this.tokens))
        await this.checkStored(model)
        return
      } catch (error) {
        if (Date.now() > endMs) throw error
        await sleep(2)
      }
    }
  }

  private async checkStored(model: Model): Promise<void> {
    const { store } = this.at(0)
    const state = (await store.read()) ?? emptyState()
    for (const name of model.sites.keys()) {
      const found = storedDocument(state, name) ?? assert.fail(`${name} is stored`)
      assert.equal(found.mode, siteOf(model, name).mode)
      const old = this.before && storedDocument(this.before, name)
      if (old === undefined) continue
      const { revision: oldRevision, ...said } = old
      const { revision, ...says } = found
      assert.ok(revision <= state.revision && revision >= oldRevision)
      if (JSON.stringify(said) !== JSON.stringify(says)) assert.ok(revision > oldRevision)
    }
    // Every revision has a record, and none is missing.
    const history = await store.history()
    assert.deepEqual(
      history.map(({ revision }) => revision),
      Array.from({ length: Math.min(100, state.revision) }, (_, n) => state.revision - n)
    )
    this.before = state
  }
}

// Whoever insists on an impossible revision changes nothing, but what is due has happened before.
async function look(control: Control): Promise<void> {
  await assert.rejects(control.enter({ ifRevision: -1 }), { code: 'ERR_STATE_CONFLICT' })
}

function viewOf(control: Control, tokens: Map<string, string>): object {
  return {
    sites: control.siteNames.map((name) => {
      const { state, next, isOverdue: overdue } = control.site(name)
      const { mode, message, by, until, onExpiry, since, revision } = state
      const told = { mode, message, by, until, onExpiry, since: revision > 0 ? since : null, overdue }
      return [name, { ...told, next: next?.id ?? null }]
    }),
    windows: control.windows().map(({ id, leftSites }) => [id, [...leftSites].sort()]),
    links: control.links().map(({ id }) => id),
    opens: [...tokens].map(([id, token]) => [
      id,
      control.siteNames.filter((name) => control.site(name).verifyLink(token)?.id === id)
    ])
  }
}

function expectedView(model: Model, tokens: Map<string, string>): object {
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
  const links = model.links.filter(({ untilMs }) => untilMs > model.nowMs)
  return {
    sites: model.names.map((name) => {
      const { untilMs, sinceMs, ...site } = siteOf(model, name)
      const since = model.sites.has(name) ? iso(sinceMs) : null
      const next = nextWindow(model, name)?.id ?? null
      return [name, { ...site, until: iso(untilMs), since, overdue: isOverdue(model, name), next }]
    }),
    windows: model.windows
      .filter(({ untilMs }) => untilMs > model.nowMs)
      .map(({ id, left }) => [id, [...left].sort()]),
    links: links.map(({ id }) => id),
    opens: [...tokens.keys()].map((id) => {
      const link = links.find((each) => each.id === id)
      return [id, model.names.filter((name) => link && (link.site === null || link.site === name))]
    })
  }
}
