import { call, conflictText } from './api.js'
import { busy, field, h, setText } from './dom.js'
import { waitedFor } from './format.js'
import { createPreview } from './preview.js'

const NAMES = { maintenance: 'maintenance', 'read-only': 'read-only', hold: 'hold' }
const WHAT = {
  maintenance: 'Visitors get a page with your message instead of the site.',
  'read-only': 'Visitors can look at everything, and change nothing.',
  hold: 'Requests wait until you go back to live, or until their time is over.'
}

/** Asks for everything that a closed site needs, shows what visitors will get, and closes it. */
export function openEnterDialog({ site, mode, path, report, follow }) {
  // What the operator has seen. A change is made for this, and refused when it is not so any more.
  let revision = site.revision
  let isSending = false
  const message = h('textarea', { rows: '3', maxlength: '2000' })
  const duration = h('input', { list: 'durations', placeholder: 'until I go back to live', size: '12' })
  const onExpiry = h(
    'select',
    {},
    h('option', { value: 'leave' }, 'go back to live'),
    h('option', { value: 'stay' }, 'stay closed'),
    h('option', { value: 'leave-if-healthy' }, 'go back to live once the app is healthy')
  )
  const reason = h('input', { maxlength: '200' })
  const paths = h('textarea', { rows: '2', placeholder: '/shop/*' })
  const maxWait = h('input', { placeholder: '30s', size: '8' })
  const drained = h('input', { type: 'checkbox', id: 'drained' })
  const error = h('p', { class: 'error', role: 'alert' })
  const progress = h('p', { role: 'status' })
  const stale = h('p', { class: 'error', role: 'alert', hidden: true })
  const submit = h('button', { class: 'primary danger' }, `Close ${site.site} now`)
  const preview = createPreview(() => ({
    site: site.preview ?? site.site,
    ...valuesOf({ withReason: false })
  }))
  const form = h(
    'form',
    { method: 'dialog', onsubmit: enter, oninput: preview.refresh },
    h('h2', { id: 'enter-title' }, `${site.site}: ${NAMES[mode]}`),
    h('p', {}, WHAT[mode], site.inFlight > 0 ? ` ${site.inFlight} requests are in flight.` : ''),
    stale,
    field('Message to visitors', message),
    field('How long', duration, 'Such as 30m or 2h; visitors see when you expect to be back.'),
    field('Then', onExpiry),
    mode === 'hold' ? field('Longest wait of a request', maxWait) : null,
    field('Why', reason, 'For the record; visitors do not see it.'),
    field('Only these paths', paths, 'One a line; all when there is none.'),
    h(
      'p',
      { class: 'field check' },
      drained,
      h('label', { for: 'drained' }, 'Wait until the requests in flight have finished')
    ),
    progress,
    error,
    h(
      'p',
      { class: 'actions' },
      submit,
      h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel')
    )
  )
  const durations = h(
    'datalist',
    { id: 'durations' },
    ['10m', '30m', '1h', '2h', '8h'].map((value) => h('option', { value }))
  )
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'enter-title', onclose: end },
    form,
    durations,
    preview.element
  )
  let latest = site
  const forget = follow((now) => {
    latest = now
    // While ours is on its way the change that is seen is ours; what is left to wait for are the requests from before.
    if (!isSending) noticeChange()
    else if (drained.checked) setText(progress, `Waiting for ${waitedFor(now)}.`)
  })

  function noticeChange() {
    if (latest.revision === revision) return
    revision = latest.revision
    stale.hidden = false
    setText(
      stale,
      `Meanwhile ${latest.by ?? 'somebody'} has changed this site: it is ${latest.mode}. Look again before you go on.`
    )
  }

  function valuesOf({ withReason }) {
    const lines = paths.value
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
    return {
      mode,
      ...(message.value.trim() === '' ? {} : { message: message.value.trim() }),
      ...(duration.value.trim() === '' ? {} : { for: duration.value.trim() }),
      ...(withReason
        ? {
            onExpiry: onExpiry.value,
            ...(reason.value.trim() === '' ? {} : { reason: reason.value.trim() }),
            ...(lines.length === 0 ? {} : { paths: lines }),
            ...(mode === 'hold' && maxWait.value.trim() !== '' ? { maxWait: maxWait.value.trim() } : {}),
            wait: drained.checked ? 'drained' : 'applied'
          }
        : {})
    }
  }

  async function enter(event) {
    event.preventDefault()
    setText(error, '')
    isSending = true
    await busy(submit, async () => {
      try {
        const { wait } = await call('PUT', path, valuesOf({ withReason: true }), revision)
        report(doneText(site.site, mode, wait), wait?.outcome !== 'complete')
        dialog.close()
      } catch (failure) {
        setText(error, conflictText(failure, site.site))
        isSending = false
        setText(progress, '')
        noticeChange()
      }
    })
  }

  function end() {
    forget()
    preview.close()
    dialog.remove()
  }

  document.body.append(dialog)
  dialog.showModal()
  message.focus()
  preview.refresh()
}

function doneText(name, mode, wait) {
  const done = `${name} is in ${NAMES[mode]}.`
  if (wait === undefined || wait.outcome === 'complete') return done
  if (wait.outcome === 'superseded') return `${done} It was changed again while we waited.`
  const lost = wait.lost.length > 0 ? `; nothing is known of ${wait.lost.join(', ')}` : ''
  return `${done} There are still ${waitedFor(wait)}${lost}.`
}
