import assert from 'node:assert/strict'
import test from 'node:test'
import { fillTemplate, parseTemplate } from '../../src/pages/render.ts'

const fill = (source: string, values: Parameters<typeof fillTemplate>[1] = {}): string =>
  fillTemplate(parseTemplate(source), values)

test('values are filled in and escaped, and what has no value is nothing', () => {
  assert.equal(
    fill('<a title="{{message}}">{{ status }}{{until}}</a>', { message: `<"&'>`, status: 503 }),
    '<a title="&lt;&quot;&amp;&#39;&gt;">503</a>'
  )
})

test('a part is shown when its name has a value, the other one when it has none', () => {
  const page = 'a{{#message}}[{{message}}]{{/message}}{{^message}}(none){{/message}}z'
  assert.equal(fill(page, { message: 'x' }), 'a[x]z')
  for (const message of ['', null, undefined, false]) assert.equal(fill(page, { message }), 'a(none)z')
})

test('parts may stand in each other', () => {
  const page =
    '{{#safe}}1{{#until}}2{{/until}}{{^until}}3{{/until}}{{/safe}}{{^safe}}4{{#until}}5{{/until}}{{/safe}}6'
  assert.equal(fill(page, { safe: true, until: 'x' }), '126')
  assert.equal(fill(page, { safe: true }), '136')
  assert.equal(fill(page, { until: 'x' }), '456')
  assert.equal(fill(page), '46')
})

test('zero is a value', () => {
  assert.equal(
    fill('{{#retryAfterSeconds}}in {{retryAfterSeconds}}{{/retryAfterSeconds}}', { retryAfterSeconds: 0 }),
    'in 0'
  )
})

test('what means nothing stays as it is and is told of', () => {
  for (const [page, problem] of [
    ['{{name}} {{#name}}x{{/name}}', 'unknown placeholder {{name}}'],
    ['{{#message}}x', '{{#message}} has no end'],
    ['x{{/message}}', '{{/message}} ends nothing'],
    ['{{#safe}}{{#until}}x{{/safe}}', '{{/safe}} ends nothing']
  ] as const) {
    const { problems } = parseTemplate(page)
    assert.equal(problems[0], problem)
    assert.equal(fill(page, { message: 'm' }), page)
  }
})

test('braces of scripts and styles are no placeholders', () => {
  const page = '<style>a{b:c}</style><script>const a = {b: {c: 1}}</script>{{}} {{ 1 }} {message}'
  assert.equal(fill(page), page)
  assert.deepEqual(parseTemplate(page).problems, [])
})
