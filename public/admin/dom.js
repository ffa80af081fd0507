/**
 * Makes an element. Whatever comes from the API goes in as text or as an attribute, never as markup.
 *
 * @param props attributes; `on...` are listeners, `false` and `null` leave an attribute out
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value)
  }
  element.append(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false)
  )
  return element
}

/** A field with its label, and perhaps a hint below it. */
export function field(label, control, hint) {
  const id = `field-${++fields}`
  control.id = id
  const help = hint && h('small', { id: `${id}-hint` }, hint)
  if (help) control.setAttribute('aria-describedby', help.id)
  return h('p', { class: 'field' }, h('label', { for: id }, label), control, help)
}

let fields = 0

/** A table with a caption for those who hear it. Rows are lists of texts and elements. */
export function table(caption, heads, rows) {
  return h(
    'div',
    { class: 'scroll', role: 'group', 'aria-label': caption, tabindex: '0' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          heads.map((head) => (head === '' ? h('td') : h('th', { scope: 'col' }, head)))
        )
      ),
      h(
        'tbody',
        {},
        rows.map((cells) =>
          h(
            'tr',
            {},
            cells.map((cell) => h('td', {}, cell))
          )
        )
      )
    )
  )
}

/** Sets the text of an element when it is a different one: a screen reader speaks only then. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** Runs something that takes a while: its button cannot be pressed again before it is done. */
export async function busy(button, work) {
  button.disabled = true
  try {
    return await work()
  } finally {
    button.disabled = false
  }
}
