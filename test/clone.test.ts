import assert from 'node:assert/strict'
import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { packageRoot } from '../src/package-root.ts'
import { run } from './helpers/process.ts'
import { tempDir } from './helpers/temp-dir.ts'

test('what the README says to do in a clone makes the whole package', async (t) => {
  const clone = join(tempDir(t), 'clone')
  const left = ['node_modules', 'dist', '.git', '.node'].map((name) => join(packageRoot, name))
  cpSync(packageRoot, clone, { recursive: true, filter: (path) => !left.includes(path) })
  symlinkSync(join(packageRoot, 'node_modules'), join(clone, 'node_modules'))
  const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')
  const [, commands] = /`npm ci && ([^`]*npm pack)` in a clone/.exec(readme) ?? assert.fail('it says nothing')
  const command = ['-c', `${commands} --dry-run --json`]
  const { code, stdout, stderr } = await run(t, 'sh', command, { cwd: clone })
  assert.equal(code, 0, stdout + stderr)
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('\n[') + 1)) as [{ files: { path: string }[] }]
  const files = packed.files.map(({ path }) => path)
  for (const file of [
    'dist/src/index.js',
    'dist/src/cli/main.js',
    'dist/intermission.1',
    'public/admin/app.js'
  ])
    assert.ok(files.includes(file), file)
})
