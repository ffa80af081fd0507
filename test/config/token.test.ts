import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { ensureAdminToken, readAdminToken } from '../../src/config/token.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const TOKEN = 'a-token-of-24-characters'

function fileWith(dir: string, content: string, mode = 0o600): { adminToken: null; adminTokenFile: string } {
  const path = join(dir, 'admin-token')
  writeFileSync(path, content)
  chmodSync(path, mode)
  return { adminToken: null, adminTokenFile: path }
}

test('the first start makes a token of 256 bits for its owner only, later ones find it', (t) => {
  const dir = join(tempDir(t), 'made', 'here')
  const settings = { adminToken: null, adminTokenFile: join(dir, 'admin-token') }
  assert.equal(readAdminToken(settings), null)
  const first = ensureAdminToken(settings)
  assert.deepEqual({ ...first, token: '' }, { token: '', path: settings.adminTokenFile, created: true })
  assert.match(first.token, /^[\w-]{43}$/)
  assert.equal(statSync(settings.adminTokenFile).mode & 0o777, 0o600)
  assert.equal(statSync(dir).mode & 0o777, 0o700)
  assert.equal(readFileSync(settings.adminTokenFile, 'utf8'), `${first.token}\n`)
  assert.deepEqual(readdirSync(dir), ['admin-token'], 'nothing else is left')
  assert.deepEqual(ensureAdminToken(settings), { ...first, created: false })
  assert.equal(readAdminToken(settings), first.token)
})

test('every token is another one', (t) => {
  const tokens = [tempDir(t), tempDir(t)].map(
    (dir) => ensureAdminToken({ adminToken: null, adminTokenFile: join(dir, 't') }).token
  )
  assert.notEqual(tokens[0], tokens[1])
})

test('a token that is given as such needs no file', () => {
  const settings = { adminToken: TOKEN, adminTokenFile: '/nowhere/token' }
  assert.deepEqual(ensureAdminToken(settings), { token: TOKEN, path: null, created: false })
  assert.equal(readAdminToken(settings), TOKEN)
})

test('space around a token is not part of it, and a group may read the file', (t) => {
  assert.equal(readAdminToken(fileWith(tempDir(t), `  ${TOKEN}\r\n`, 0o640)), TOKEN)
})

test('a mounted secret may be a link', (t) => {
  const { adminTokenFile } = fileWith(tempDir(t), TOKEN)
  const link = join(tempDir(t), 'link')
  symlinkSync(adminTokenFile, link)
  assert.equal(readAdminToken({ adminToken: null, adminTokenFile: link }), TOKEN)
})

for (const mode of [0o644, 0o604, 0o620, 0o602, 0o666]) {
  test(`a token file of mode ${mode.toString(8)} is refused`, (t) => {
    const settings = fileWith(tempDir(t), TOKEN, mode)
    const message = `adminTokenFile: "${settings.adminTokenFile}" is open to other users (mode 0${mode.toString(8)}); run chmod 600 on it`
    assert.throws(() => ensureAdminToken(settings), { code: 'ERR_CONFIG_INVALID', message })
    assert.throws(() => readAdminToken(settings), { message })
  })
}

for (const content of ['', '\n', 'short', 'two words are no token', 'x'.repeat(513), 'x'.repeat(100_000)]) {
  test(`a token file with ${JSON.stringify(content.slice(0, 30))} is refused, and not written over`, (t) => {
    const settings = fileWith(tempDir(t), content)
    assert.throws(() => ensureAdminToken(settings), {
      code: 'ERR_CONFIG_INVALID',
      message: /holds no good token; expected 16 to 512 visible ASCII characters/
    })
    assert.equal(readFileSync(settings.adminTokenFile, 'utf8'), content)
  })
}

test('a file that cannot be read or made says why', (t) => {
  const dir = tempDir(t)
  mkdirSync(join(dir, 'folder'))
  writeFileSync(join(dir, 'file'), '')
  const settings = (name: string) => ({ adminToken: null, adminTokenFile: join(dir, name) })
  assert.throws(() => ensureAdminToken(settings('folder')), { message: /cannot be read: EISDIR/ })
  assert.throws(() => ensureAdminToken(settings('file/token')), { message: /cannot be read: ENOTDIR/ })
  symlinkSync(join(dir, 'nothing'), join(dir, 'link'))
  for (const name of ['link', 'link/token']) {
    assert.throws(() => ensureAdminToken(settings(name)), {
      code: 'ERR_CONFIG_INVALID',
      message: /^adminTokenFile: ".*" cannot be made: /
    })
  }
  assert.deepEqual(readdirSync(dir).sort(), ['file', 'folder', 'link'])
})

// Node's own way of making folders never comes back from there.
test('a state folder where nothing can be made is refused', () => {
  assert.throws(() => ensureAdminToken({ adminToken: null, adminTokenFile: '/proc/nope/deep/token' }), {
    code: 'ERR_CONFIG_INVALID',
    message: /^adminTokenFile: "\/proc\/nope\/deep\/token" cannot be made: ENOENT/
  })
})
