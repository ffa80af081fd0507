import { call } from './api.js'
import { busy, field, h, setText, table } from './dom.js'
import { time, zone } from './format.js'

const EVERY_SITE = 'every site'

/** The windows that are planned, and a form to plan one. */
export function createSchedule(container, { report, refresh }) {
  return createList(container, {
    load: async () => (await call('GET', 'schedule')).windows,
    show: (windows) =>
      windows.length === 0
        ? h('p', { class: 'soft' }, 'Nothing is planned.')
        : table(
            'Planned windows',
            ['From', 'Until', 'Site', 'Mode', 'Message', ''],
            windows.map(({ id, from, until, site, mode, message }) => [
              time(from),
              time(until),
              site ?? EVERY_SITE,
              mode,
              message ?? '',
              remover(`schedule/${encodeURIComponent(id)}`, `Remove the window of ${time(from)}`, 'Remove', {
                report,
                refresh
              })
            ])
          ),
    form: (sites) => {
      const from = h('input', { type: 'datetime-local', required: true })
      const duration = h('input', { placeholder: '30m', required: true, size: '8' })
      const mode = h(
        'select',
        {},
        ['maintenance', 'read-only', 'hold'].map((name) => h('option', {}, name))
      )
      const site = siteChoice(sites)
      const message = h('input', { maxlength: '2000' })
      return {
        title: 'Plan a window',
        fields: [
          field(`From (${zone})`, from),
          field('How long', duration),
          field('Mode', mode),
          site && field('Site', site),
          field('Message', message)
        ],
        send: () =>
          call('POST', 'schedule', {
            from: new Date(from.value).toISOString(),
            for: duration.value.trim(),
            mode: mode.value,
            ...siteOf(site),
            ...(message.value.trim() === '' ? {} : { message: message.value.trim() })
          }),
        done: () => 'The window is planned.'
      }
    },
    report,
    refresh
  })
}

/** The links with which testers pass, and a form to make one. */
export function createLinks(container, { report, refresh }) {
  const made = h('div', { 'aria-live': 'polite' })
  container.before(made)
  return createList(container, {
    load: async () => (await call('GET', 'bypass-links')).links,
    show: (links) =>
      links.length === 0
        ? h('p', { class: 'soft' }, 'There is no bypass link.')
        : table(
            'Bypass links',
            ['For', 'Site', 'Made by', 'Good until', ''],
            links.map(({ id, label, site, by, expiresAt }) => [
              label ?? id,
              site ?? EVERY_SITE,
              by ?? '',
              time(expiresAt),
              remover(
                `bypass-links/${encodeURIComponent(id)}`,
                `Take back the link ${label ?? id}`,
                'Take back',
                { report, refresh }
              )
            ])
          ),
    form: (sites) => {
      const label = h('input', { maxlength: '100', placeholder: 'testers' })
      const duration = h('input', { placeholder: '12h', size: '8' })
      const site = siteChoice(sites)
      return {
        title: 'Make a link',
        fields: [field('For whom', label), field('Good for', duration), site && field('Site', site)],
        send: () =>
          call('POST', 'bypass-links', {
            ...(label.value.trim() === '' ? {} : { label: label.value.trim() }),
            ...(duration.value.trim() === '' ? {} : { for: duration.value.trim() }),
            ...siteOf(site)
          }),
        done: (link) => {
          made.replaceChildren(madeLink(link))
          return 'The link is made. It is shown this once.'
        }
      }
    },
    report,
    refresh
  })
}

function madeLink({ urls, path }) {
  const addresses = urls.length > 0 ? urls : [path]
  return h(
    'ul',
    { class: 'plain' },
    addresses.map((address) => {
      const said = h('span', { role: 'status' })
      const copy = async () => {
        await navigator.clipboard.writeText(address)
        setText(said, ' copied')
      }
      return h(
        'li',
        {},
        h('code', {}, address),
        ' ',
        h('button', { type: 'button', onclick: copy }, 'Copy'),
        said
      )
    })
  )
}

/** A list that is read anew when something was changed, and a form below it whose input stays. */
function createList(container, { load, show, form, report, refresh }) {
  const list = h('div')
  const place = h('div')
  container.replaceChildren(list, place)
  let siteNames = ''

  function showForm(sites) {
    const { title, fields, send, done } = form(sites)
    const error = h('p', { class: 'error', role: 'alert' })
    const button = h('button', {}, title)
    const submit = async (event) => {
      event.preventDefault()
      setText(error, '')
      await busy(button, async () => {
        try {
          report(done(await send()))
          event.target.reset()
          refresh()
        } catch (failure) {
          setText(error, failure.message)
        }
      })
    }
    place.replaceChildren(
      h(
        'details',
        {},
        h('summary', {}, title),
        h('form', { class: 'row', onsubmit: submit }, fields, button, error)
      )
    )
  }

  return async (sites) => {
    if (siteNames !== sites.join('\n')) {
      siteNames = sites.join('\n')
      showForm(sites)
    }
    list.replaceChildren(show(await load()))
  }
}

function remover(path, label, text, { report, refresh }) {
  const remove = async ({ currentTarget: button }) => {
    await busy(button, async () => {
      try {
        await call('DELETE', path)
        refresh()
      } catch (error) {
        report(error.message, true)
      }
    })
  }
  return h('button', { type: 'button', 'aria-label': label, onclick: remove }, text)
}

function siteChoice(sites) {
  if (sites.length < 2) return null
  return h(
    'select',
    {},
    h('option', { value: '' }, EVERY_SITE),
    sites.map((name) => h('option', { value: name }, name))
  )
}

function siteOf(choice) {
  return choice === null || choice.value === '' ? {} : { site: choice.value }
}
