import { call } from './api.js'
import { h, table } from './dom.js'
import { distance, time } from './format.js'

const ACTIONS = {
  enter: 'entered',
  leave: 'back to live',
  expire: 'ended in time',
  'window-begin': 'planned window began',
  'window-add': 'window planned',
  'window-remove': 'window removed',
  'link-add': 'link made',
  'link-revoke': 'link taken back',
  forget: 'member forgotten'
}

/** The last changes, newest first. */
export async function showHistory(container) {
  const { changes } = await call('GET', 'history')
  const rows = changes.map(({ at, action, mode, sites, by, message, reason }) => [
    time(at),
    action === 'enter' && mode !== null ? `${ACTIONS.enter} ${mode}` : (ACTIONS[action] ?? action),
    sites.length === 0 ? 'every site' : sites.join(', '),
    by ?? '',
    [message, reason].filter(Boolean).join(' · ')
  ])
  container.replaceChildren(
    rows.length === 0
      ? h('p', { class: 'soft' }, 'Nothing has been changed yet.')
      : table('History', ['When', 'What', 'Site', 'Who', 'Words'], rows)
  )
}

/** The gateways that share the state. Touched only when something is different. */
export function showMembers(container, { members, store }) {
  const key = JSON.stringify([members, store])
  if (container.dataset.shown === key) return
  container.dataset.shown = key
  const rows = members.map(
    ({ id, host, version, isSelf, state, revision, drained, inFlight, abandoned, lastSeenAt }) => [
      `${id}${isSelf ? ' (this one)' : ''}`,
      host,
      version,
      state,
      `${revision}${drained ? '' : ', not drained'}`,
      `${inFlight}${abandoned > 0 ? `, ${abandoned} given up` : ''}`,
      lastSeenAt === null ? 'now' : distance(lastSeenAt)
    ]
  )
  const reach = store.reachable
    ? ''
    : store.staleSince === null
      ? ', cannot be reached'
      : `, cannot be reached since ${time(store.staleSince)}`
  container.replaceChildren(
    table('Gateways', ['Gateway', 'Host', 'Version', 'State', 'Revision', 'In flight', 'Last heard'], rows),
    h('p', { class: store.reachable ? 'soft' : 'error' }, `Store: ${store.kind}${reach}`)
  )
}
