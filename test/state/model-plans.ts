/** What happens to windows and links in the model test. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { addWindow, conflicting, removeWindow, tidy } from './model.ts'
import { Command, closing, HOUR, hours, isKnown, process, show, site } from './model-step.ts'

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

export const PLANS = [windowAdds, windowAdds, windowRemoves, linkAdds, linkRevokes]
