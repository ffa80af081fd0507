/** What happens to the state in the model test, each as an arbitrary row of commands for the model and the real thing. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { EnterRequest } from '../../src/state/request.ts'
import { emptyState } from '../../src/state/shared-state.ts'
import { enter, leave, type Model, type Said } from './model.ts'
import { PLANS } from './model-plans.ts'
import { SITES } from './model-real.ts'
import { by, Command, entering, HOUR, hours, isKnown, namesOf, process, show, site } from './model-step.ts'

type Entering = { site: string | null; until: number | null; closing: Omit<Said, 'untilMs'> }

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
      const before = control.revision
      const entered = control.enter({
        ...requestOf(model, what),
        ...(what.site === null ? {} : { site: what.site })
      })
      if (!isKnown(model, what.site)) return assert.rejects(entered, { field: 'site' })
      const { documents } = await entered
      const isNews = enter(model, namesOf(model, what.site), saidBy(model, what))
      assert.equal(control.revision > before, isNews, 'a repeat changes nothing')
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
      const { control } = real.at(n)
      const before = control.revision
      const left = control.leave(request)
      if (!isKnown(model, name)) return assert.rejects(left, { field: 'site' })
      const { documents } = await left
      const isNews = leave(model, namesOf(model, name), who)
      assert.equal(control.revision > before, isNews, 'a repeat changes nothing')
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
        const next = state ?? emptyState()
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
  ...[enters, enters, leaves, leaves, clocks, clocks, clocks, ...PLANS],
  ...[restarts, races, stales, healths, reloads]
]
