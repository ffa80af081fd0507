import { call, conflictText } from './api.js'
import { busy, h, setText } from './dom.js'
import { openEnterDialog } from './enter-dialog.js'
import { distance, inFlight, time } from './format.js'

const MODES = { live: 'Live', maintenance: 'Maintenance', 'read-only': 'Read-only', hold: 'Hold' }
const BREAKERS = { closed: 'in use', open: 'unreachable', 'half-open': 'being tried' }

/** Shows every site as a card that is changed in place, so that the keyboard stays where it is. */
export function createSites(container, { report }) {
  const cards = new Map()
  return (sites) => {
    for (const site of sites) {
      if (!cards.has(site.site)) {
        const card = createCard(site.site, report)
        cards.set(site.site, card)
        container.append(card.element)
      }
      cards.get(site.site).update(site)
    }
    for (const [name, card] of cards) {
      if (sites.some(({ site }) => site === name)) continue
      card.element.remove()
      cards.delete(name)
    }
  }
}

/** What can be done to all sites at once, where there are several. */
export function createEverySite(container, { report }) {
  let all
  const enter = (mode, text) => {
    const open = () =>
      openEnterDialog({ site: all, mode, path: 'maintenance', report, follow: () => () => undefined })
    return h('button', { type: 'button', onclick: open }, text)
  }
  const leave = h('button', { type: 'button', onclick: goLive }, 'Every site back to live')
  container.append(enter('maintenance', 'Every site: maintenance …'), leave)

  function goLive() {
    const { revision } = all
    return busy(leave, async () => {
      try {
        await call('DELETE', 'maintenance', undefined, revision)
        report('Every site is live again.')
      } catch (error) {
        report(conflictText(error, 'A site'), true)
      }
    })
  }

  return (sites) => {
    container.hidden = sites.length < 2
    const inFlight = sites.reduce((sum, site) => sum + site.inFlight, 0)
    const revision = Math.max(...sites.map((site) => site.revision))
    all = { site: 'every site', preview: sites[0]?.site, revision, inFlight }
    leave.hidden = sites.every(({ mode }) => mode === 'live')
  }
}

function createCard(name, report) {
  let shown
  const path = `sites/${encodeURIComponent(name)}/maintenance`
  const title = h('h3', {}, name)
  const hosts = h('p', { class: 'soft' })
  const badge = h('p', { class: 'badge' })
  const facts = h('dl')
  const upstreams = h('ul', { class: 'plain' })
  const leave = h('button', { type: 'button', class: 'primary', onclick: goLive }, `Back to live`)
  const enter = (mode, text) =>
    h(
      'button',
      { type: 'button', onclick: () => openEnterDialog({ site: shown, mode, path, report, follow }) },
      text
    )
  const actions = [
    enter('maintenance', 'Maintenance …'),
    enter('read-only', 'Read-only …'),
    enter('hold', 'Hold …')
  ]
  const followers = new Set()
  const element = h(
    'article',
    { class: 'card', 'aria-label': name },
    h('div', { class: 'card-head' }, title, badge),
    hosts,
    facts,
    upstreams,
    h('p', { class: 'actions', role: 'group', 'aria-label': `Change ${name}` }, leave, actions)
  )

  // A dialog that is open hears when the site changes below it.
  function follow(listener) {
    followers.add(listener)
    return () => followers.delete(listener)
  }

  async function goLive() {
    const { revision } = shown
    await busy(leave, async () => {
      try {
        await call('DELETE', path, undefined, revision)
        report(`${name} is live again.`)
        // The button that was pressed is about to go.
        actions[0].focus()
      } catch (error) {
        report(conflictText(error, name), true)
      }
    })
  }

  return {
    element,
    update(site) {
      shown = site
      element.dataset.mode = site.mode
      setText(badge, MODES[site.mode] ?? site.mode)
      setText(hosts, site.hosts.join(', '))
      leave.hidden = site.mode === 'live'
      show(facts, factsOf(site))
      const lines = site.upstreams.map((upstream) => [upstream.name, healthOf(upstream)])
      showUpstreams(upstreams, lines)
      for (const listener of followers) listener(site)
    }
  }
}

function factsOf(site) {
  const { mode, since, by, reason, message, until, overdue, next, paths } = site
  return [
    mode !== 'live' && ['Since', `${time(since)}${by === null ? '' : ` by ${by}`}`],
    message !== null && ['Message', message],
    reason !== null && mode !== 'live' && ['Why', reason],
    until !== null && ['Until', `${time(until)}, ${overdue ? 'overdue' : distance(until)}`],
    paths.length > 0 && ['Only', paths.join(', ')],
    next !== null && ['Planned next', `${time(next.from)} to ${time(next.until)}`],
    ['In flight', inFlight(site.inFlight, site.oldestInFlightMs)],
    site.abandoned > 0 && ['Given up', `${site.abandoned} that the app may still be working on`],
    site.held > 0 && ['Held', `${site.held}`],
    site.bypassed > 0 && ['Passing by bypass', `${site.bypassed}`],
    site.tunnels > 0 && ['Open WebSockets', `${site.tunnels}`]
  ].filter(Boolean)
}

// Only what is different is touched: what was selected stays selected.
function show(list, facts) {
  const key = JSON.stringify(facts)
  if (list.dataset.shown === key) return
  list.dataset.shown = key
  list.replaceChildren(
    ...facts.flatMap(([term, text]) => [h('dt', {}, term), h('dd', { dir: 'auto' }, text)])
  )
}

function healthOf({ breaker, isHealthy, busy }) {
  const health = isHealthy ? '' : ', unhealthy'
  return `${BREAKERS[breaker] ?? breaker}${health}${busy > 0 ? `, ${busy} busy` : ''}`
}

function showUpstreams(list, lines) {
  const key = JSON.stringify(lines)
  if (list.dataset.shown === key) return
  list.dataset.shown = key
  list.replaceChildren(
    ...lines.map(([name, text]) =>
      h('li', { class: /^in use/.test(text) && !/unhealthy/.test(text) ? 'well' : 'ill' }, `${name}: ${text}`)
    )
  )
}
