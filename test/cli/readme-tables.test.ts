import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { VERBS } from '../../src/cli/verbs.ts'
import { envOf, flagOf } from '../../src/config/option.ts'
import { OPTIONS } from '../../src/config/options.ts'
import { packageRoot } from '../../src/package-root.ts'
import { type Finished, run } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

function tables(t: Cleanup, ...args: string[]): Promise<Finished> {
  const tool = join(packageRoot, 'test/tools/readme-tables.ts')
  return run(t, process.execPath, ['--import', import.meta.resolve('tsx'), tool, ...args])
}

test('the tables are written between their markers, and are stale only until then', async (t) => {
  const file = join(tempDir(t), 'README.md')
  writeFileSync(
    file,
    'a\n<!-- options -->\nFORMER\n<!-- /options -->\nb\n<!-- verbs -->\n<!-- /verbs -->\nc\n'
  )
  const stale = await tables(t, '--check', file)
  assert.equal(stale.code, 1)
  assert.match(stale.stderr, /its tables are stale/)

  assert.equal((await tables(t, file)).code, 0)
  const text = readFileSync(file, 'utf8')
  assert.ok(text.startsWith('a\n<!-- options -->\n| Flag |') && text.endsWith('\n<!-- /verbs -->\nc\n'))
  assert.ok(!text.includes('FORMER'))
  for (const { name } of Object.values(OPTIONS)) {
    const row = text.split('\n').find((line) => line.includes(`\`${envOf(name)}\``))
    assert.ok(row?.startsWith(`| \`${flagOf(name)}`) && row.includes(`| \`${name}\` |`), row)
  }
  for (const { name } of VERBS) assert.match(text, new RegExp(`\n\\| \`${name}[^\`]*\` \\|`), name)
  assert.equal((await tables(t, '--check', file)).code, 0)
})

test('a README without the markers is refused', async (t) => {
  const file = join(tempDir(t), 'README.md')
  writeFileSync(file, 'nothing\n')
  const { code, stderr } = await tables(t, '--check', file)
  assert.equal(code, 1)
  assert.match(stderr, /no <!-- options -->/)
})
