import assert from 'node:assert/strict'
import { homedir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { loadSettings } from '../../src/config/load.ts'

const CWD = '/srv/app'

const STATE_DIRS: readonly [why: string, env: NodeJS.ProcessEnv, dir: string][] = [
  ['of systemd', { STATE_DIRECTORY: '/var/lib/x', XDG_STATE_HOME: '/xdg', HOME: '/h' }, '/var/lib/x'],
  ['of systemd, the first of several', { STATE_DIRECTORY: '/var/lib/x:/var/lib/y' }, '/var/lib/x'],
  ['of XDG', { XDG_STATE_HOME: '/xdg', HOME: '/h' }, '/xdg/intermission'],
  [
    'of home, when the one of XDG is relative',
    { XDG_STATE_HOME: 'xdg', HOME: '/h' },
    '/h/.local/state/intermission'
  ],
  ['of the account, without HOME', {}, join(homedir(), '.local/state/intermission')]
]
for (const [why, env, dir] of STATE_DIRS) {
  test(`the state folder is that ${why}`, () => {
    const settings = loadSettings({ flags: {}, env })
    assert.equal(settings.stateDir, dir)
    assert.equal(settings.adminTokenFile, join(dir, 'admin-token'))
    assert.equal(settings.store, `file:${join(dir, 'state.json')}`)
  })
}

test('the token and the store follow the state folder, unless they have a place of their own', () => {
  const moved = loadSettings({ flags: { stateDir: ['s'], store: ['file:'] }, env: {}, cwd: CWD })
  assert.equal(moved.store, 'file:/srv/app/s/state.json')
  assert.equal(moved.adminTokenFile, '/srv/app/s/admin-token')
  assert.equal(loadSettings({ flags: { store: ['file:///x/y'] }, env: {} }).store, 'file:/x/y')
  assert.equal(loadSettings({ flags: { store: ['memory:'] }, env: {} }).store, 'memory:')
})

test('a token file on the command line comes before a token in the environment', () => {
  const env = { INTERMISSION_ADMIN_TOKEN: 'a-token-of-24-characters' }
  const settings = loadSettings({ flags: { adminTokenFile: ['t'] }, env, cwd: CWD })
  assert.equal(settings.adminToken, null)
  assert.equal(settings.adminTokenFile, '/srv/app/t')
})
