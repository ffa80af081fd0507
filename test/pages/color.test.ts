import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { contrast, readable } from '../../src/pages/color.ts'

test('contrast is what WCAG says it is', () => {
  assert.equal(contrast('#fff', '#000000'), 21)
  assert.equal(contrast('#777777', '#777'), 1)
  // The grey that passes on white, and the next one, which does not.
  assert.ok(contrast('#767676', '#fff') >= 4.5)
  assert.ok(contrast('#777777', '#fff') < 4.5)
})

test('a colour that can be read stays as it is', () => {
  assert.equal(readable('#0645ad', ['#ffffff']), '#0645ad')
  assert.equal(readable('#8ab4f8', ['#131519']), '#8ab4f8')
})

test('any colour becomes one that can be read, on light and on dark ground', () => {
  const channel = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(channel, channel, channel, (...parts) => {
      const color = `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
      for (const grounds of [
        ['#f7f7f5', '#ffffff'],
        ['#131519', '#1b1e24']
      ]) {
        for (const ground of grounds) assert.ok(contrast(readable(color, grounds), ground) >= 4.5, color)
      }
    })
  )
})
