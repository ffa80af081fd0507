/** What happens to the state in the model test, each as an arbitrary row of commands for the model and the real thing. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { EnterRequest } from '../../src/state/request.ts'
import { addWindow, conflicting, enter, leave, type Model, removeWindow, type Said, tidy } from './model.ts'
import { type Real, SITES } from './model-real.ts'

const HOUR = 3_600_000

/** A step; after each, all processes have to agree with the model. */
class Command implements fc.AsyncCommand<Model, Real> {
  private readonly what: string
  private readonly act: (model: Model, real: Real) => Promise<void>
  private readonly can: (model: Model) => boolean

  constructor(what: string, act: (model: Model, real: Real) => Promise<void>, can = isUp) {
    this.what = what
    this.act = act
    this.can = can
  }

  check(model: Readonly<Model>): boolean {
    return this.can(model)
  }

  async run(model: Model, real: Real): Promise<void> {
    await this.act(model, real)
    await real.agree(model)
    onStep()
  }

  toString(): string {
    return this.what
  }
}

let onStep = (): void => {}
/** Calls back after every step. */
export function countSteps(count: () => void): void {
  onStep = count
}

function isUp({ up }: Model): boolean {
  return up.some(Boolean)
}

const process = fc.nat(1)
const site = fc.option(fc.constantFrom(...SITES))
const hours = fc.integer({ min: 1, max: 6 })
const mode = fc.constantFrom('maintenance', 'read-only', 'hold')
const onExpiry = fc.constantFrom('leave', 'stay', 'leave-if-healthy')
const message = fc.option(fc.constantFrom('a', 'b'))
const by = fc.option(fc.constantFrom('ann', 'bob'))
const closing = fc.record({ mode, onExpiry, message, by })
const entering = fc.record({ site, until: fc.option(hours), closing })

type Entering = { site: string | null; until: number | null; closing: Omit<Said, 'untilMs'> }

const show = (value: unknown): string => JSON.stringify(value)
const namesOf = (model: Model, name: string | null): string[] => (name === null ? model.names : [name])
const isKnown = (model: Model, name: string | null): boolean => name === null || model.names.includes(name)

function requestOf(model: Model, { until, closing: said }: Entering): EnterRequest {
  const end = until === null ? {} : { until: new Date(model.nowMs + until * HOUR) }
  return { ...said, ...end } as EnterRequest
}

function saidBy(model: Model, { until, closing: said }: Entering): Said {
  return { ...said, untilMs: until === null ? null : model.nowMs + until * HOUR }
}

const enters = fc.tuple(process, entering).map(
  ([n, what]) =>
    new Command(`enter(${n}, ${show(what)})`, async (model, real) => {
      const { control } = real.at(n)
      const entered = control.enter({
        ...requestOf(model, what),
        ...(what.site === null ? {} : { site: what.site })
      })
      if (!isKnown(model, what.site)) return assert.rejects(entered, { field: 'site' })
      const { documents } = await entered
      enter(model, namesOf(model, what.site), saidBy(model, what))
      assert.deepEqual(
        documents.map((each) => each.site),
        namesOf(model, what.site)
      )
    })
)

const leaves = fc.tuple(process, site, by).map(
  ([n, name, who]) =>
    new Command(`leave(${n}, ${show(name)}, ${show(who)})`, async (model, real) => {
      const request = { ...(name === null ? {} : { site: name }), ...(who === null ? {} : { by: who }) }
      const left = real.at(n).control.leave(request)
      if (!isKnown(model, name)) return assert.rejects(left, { field: 'site' })
      const { documents } = await left
      leave(model, namesOf(model, name), who)
      assert.ok(documents.every((document) => document.mode === 'live'))
    })
)

// Mostly a little, sometimes far, sometimes back.
const deltas = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 * HOUR }) },
  { weight: 2, arbitrary: fc.constantFrom(HOUR, 2 * HOUR, 3 * HOUR) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 48 * HOUR }) },
  { weight: 1, arbitrary: fc.integer({ min: -6 * HOUR, max: 0 }) }
)
const clocks = deltas.map(
  (delta) =>
    new Command(
      `clock(${(delta / HOUR).toFixed(2)}h)`,
      async (model, real) => {
        model.nowMs += delta
        real.nowMs = model.nowMs
      },
      () => true
    )
)

const planning = fc.record({ site, from: fc.nat(8), length: hours, closing })
const windowAdds = fc.tuple(process, planning).map(
  ([n, { site: name, from, length, closing: said }]) =>
    new Command(`addWindow(${n}, ${show({ name, from, length, said })})`, async (model, real) => {
      const fromMs = model.nowMs + from * HOUR
      const request = {
        ...said,
        from: new Date(fromMs),
        for: `${length}h`,
        ...(name === null ? {} : { site: name })
      }
      const added = real.at(n).control.addWindow(request as never)
      if (!isKnown(model, name)) return assert.rejects(added, { field: 'site' })
      const window = {
        id: '',
        site: name,
        ...said,
        fromMs,
        untilMs: fromMs + length * HOUR,
        left: new Set<string>()
      }
      const { same, other } = conflicting(model, window)
      if (other) return assert.rejects(added, { field: 'from', message: new RegExp(`window ${other.id},`) })
      const { id } = await added
      if (same) return assert.equal(id, same.id)
      addWindow(model, { ...window, id })
    })
)

const windowRemoves = fc.tuple(process, fc.nat(3)).map(
  ([n, index]) =>
    new Command(`removeWindow(${n}, ${index})`, async (model, real) => {
      const { control } = real.at(n)
      const window = model.windows.filter(({ untilMs }) => untilMs > model.nowMs)[index]
      if (!window) return assert.rejects(control.removeWindow('w0'), { code: 'ERR_NOT_FOUND' })
      assert.equal((await control.removeWindow(window.id)).id, window.id)
      removeWindow(model, window.id)
    })
)

const linkAdds = fc.tuple(process, site, hours).map(
  ([n, name, length]) =>
    new Command(`addLink(${n}, ${show(name)}, ${length}h)`, async (model, real) => {
      const request = { for: `${length}h`, ...(name === null ? {} : { site: name }) }
      const added = real.at(n).control.addLink(request)
      if (!isKnown(model, name)) return assert.rejects(added, { field: 'site' })
      const { id, token, expiresAt } = await added
      real.tokens.set(id, token)
      model.links.push({ id, site: name, untilMs: Date.parse(expiresAt) })
      tidy(model)
    })
)

const linkRevokes = fc.tuple(process, fc.nat(3)).map(
  ([n, index]) =>
    new Command(`revokeLink(${n}, ${index})`, async (model, real) => {
      const { control } = real.at(n)
      const link = model.links.filter(({ untilMs }) => untilMs > model.nowMs)[index]
      if (!link) return assert.rejects(control.revokeLink('l0'), { code: 'ERR_NOT_FOUND' })
      await control.revokeLink(link.id)
      model.links = model.links.filter((each) => each !== link)
      tidy(model)
    })
)

const restarts = fc.tuple(process, fc.constantFrom('stop', 'start', 'restart')).map(
  ([n, what]) =>
    new Command(
      `${what}(${n})`,
      async (model, real) => {
        if (model.up[n] && what !== 'start') await real.stop(n)
        const starts = what === 'restart' || (what === 'start' && !model.up[n])
        if (starts) await real.start(n)
        model.up[n] = what !== 'stop'
      },
      () => true
    )
)

// Both saw the same revision, or insist on none.
const races = fc.tuple(entering, entering, fc.boolean()).map(
  ([one, other, insists]) =>
    new Command(
      `race(${show(one)}, ${show(other)}, ${insists})`,
      async (model, real) => {
        const name = one.site ?? 'shop'
        if (!isKnown(model, name)) return
        const seen = real.at(0).control.site(name).state.revision
        const both = [one, other].map((what, n) => {
          // Each a change in any case.
          const message = `race ${n} ${seen}`
          return { ...what, closing: { ...what.closing, message } }
        })
        const results = await Promise.allSettled(
          both.map((what, n) => {
            const request = { ...requestOf(model, what), ...(insists ? { ifRevision: seen } : {}) }
            return real.at(n).control.enter({ ...request, site: name })
          })
        )
        const won = results.flatMap((result, n) =>
          result.status === 'fulfilled'
            ? [{ revision: result.value.revision, what: both[n] as Entering }]
            : []
        )
        assert.equal(won.length, insists ? 1 : 2)
        won.sort((a, b) => a.revision - b.revision)
        for (const { what } of won) enter(model, [name], saidBy(model, what))
      },
      ({ up }) => up.every(Boolean)
    )
)

const stales = fc.tuple(process, fc.constantFrom('enter', 'leave', 'addLink', 'store'), hours).map(
  ([n, what, behind]) =>
    new Command(`stale(${n}, ${what})`, async (model, real) => {
      const { control, store } = real.at(n)
      const ifRevision = control.revision - behind
      const state = await store.read()
      const conflict = { code: 'ERR_STATE_CONFLICT' }
      if (what === 'store') {
        const next = state ?? { revision: 0, sites: {}, windows: [], links: [], bypassKey: null }
        const change = { revision: next.revision, at: new Date(0).toISOString(), action: 'enter' as const }
        const record = {
          by: null,
          reason: null,
          subject: null,
          sites: [],
          mode: null,
          message: null,
          until: null
        }
        await assert.rejects(store.write(next, next.revision + behind, { ...change, ...record }), conflict)
      } else if (what === 'addLink') {
        await assert.rejects(control.addLink({ ifRevision }), conflict)
      } else {
        const before = Math.max(...model.names.map((name) => control.site(name).state.revision))
        await assert.rejects(control[what]({ ifRevision: before - behind }), conflict)
      }
    })
)

const healths = fc.tuple(fc.constantFrom(...SITES), fc.boolean()).map(
  ([name, isHealthy]) =>
    new Command(
      `health(${name}, ${isHealthy})`,
      async (model, real) => {
        for (const { healthy } of [model, real]) isHealthy ? healthy.add(name) : healthy.delete(name)
      },
      () => true
    )
)

const reloads = fc.subarray(SITES, { minLength: 1 }).map(
  (names) =>
    new Command(
      `sites(${names.join()})`,
      async (model, real) => {
        model.names = names
        real.names = names
        for (const { control } of real.all()) control.setSites(names)
      },
      () => true
    )
)

/** The kinds of commands, those that are more interesting more than once. */
export const COMMANDS = [
  ...[enters, enters, leaves, leaves, clocks, clocks, clocks, windowAdds, windowAdds, windowRemoves],
  ...[linkAdds, linkRevokes, restarts, races, stales, healths, reloads]
]
