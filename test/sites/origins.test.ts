import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import test from 'node:test'
import { loadSettings } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { ListenTarget } from '../../src/listeners/bind.ts'
import { originsOf } from '../../src/origins.ts'

const plain = (host: string, port: number): ListenTarget => ({ kind: 'tcp', host, port })
const secure = (port: number): ListenTarget => ({ kind: 'tcp', host: '0.0.0.0', port, tls: true })
const settingsOf = (flags: Record<string, string[]>): Settings => loadSettings({ flags, env: {} })

test('a site without hosts is reached where the gateway listens', () => {
  const settings = settingsOf({})
  assert.deepEqual(originsOf(settings, [plain('127.0.0.1', 8080)], null), ['http://127.0.0.1:8080'])
  assert.deepEqual(originsOf(settings, [plain('::1', 80)], 'default'), ['http://[::1]'])
  assert.deepEqual(originsOf(settings, [plain('0.0.0.0', 81)], null), [`http://${hostname()}:81`])
  assert.deepEqual(originsOf(settings, [{ kind: 'unix', path: '/run/a.sock' }], null), [])
})

test('a site with hosts is reached by each name, over TLS where there is some', () => {
  const settings = settingsOf({ hosts: ['shop.example', '*.shop.example', 'www.shop.example'] })
  const origins = originsOf(settings, [plain('127.0.0.1', 80), secure(443)], 'default')
  assert.deepEqual(origins, ['https://shop.example', 'https://www.shop.example'])
  assert.deepEqual(originsOf(settings, [secure(8443)], 'default')[0], 'https://shop.example:8443')
  assert.deepEqual(originsOf(settings, [plain('::', 8080)], 'elsewhere'), [])
  const behind = settingsOf({ hosts: ['shop.example'], trustForwarded: ['all'] })
  assert.deepEqual(originsOf(behind, [plain('::', 8080)], null), ['https://shop.example'])
  const below = settingsOf({ hosts: ['*.shop.example'] })
  assert.deepEqual(originsOf(below, [plain('::', 8080)], null), [])
})
