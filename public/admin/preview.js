import { call } from './api.js'
import { h, setText } from './dom.js'

const LANGUAGES = [
  ['en', 'English'],
  ['de', 'German'],
  ['fr', 'French'],
  ['es', 'Spanish'],
  ['ja', 'Japanese'],
  ['ar', 'Arabic']
]

/** Exactly the page that visitors will get, in a frame that may do nothing. */
export function createPreview(values) {
  let timer
  let asked = 0
  const note = h('p', { class: 'soft', role: 'status' })
  const frame = h('iframe', { title: 'What visitors will see', sandbox: '' })
  const language = h(
    'select',
    { 'aria-label': 'Language of the preview', onchange: () => refresh() },
    LANGUAGES.map(([value, name]) => h('option', { value }, name))
  )

  function refresh() {
    clearTimeout(timer)
    timer = setTimeout(load, 300)
  }

  async function load() {
    const mine = ++asked
    try {
      const { path } = await call('POST', 'preview', { ...values(), language: language.value })
      if (mine !== asked) return
      frame.src = path
      setText(note, 'Visitors with scripts see the time in their own zone.')
    } catch (error) {
      if (mine === asked) setText(note, error.message)
    }
  }

  return {
    element: h(
      'section',
      { class: 'preview', 'aria-label': 'Preview' },
      h('p', { class: 'preview-head' }, 'What visitors will see', language),
      frame,
      note
    ),
    refresh,
    close: () => clearTimeout(timer)
  }
}
