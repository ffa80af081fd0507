import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { EXIT_CODES } from '../../src/cli/exit-codes.ts'
import { manPage } from '../../src/cli/man-page.ts'
import { VERBS } from '../../src/cli/verbs.ts'
import { flagOf } from '../../src/config/option.ts'
import { run } from '../helpers/process.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'

test('man shows every verb, flag, default and exit code, and has nothing to complain of', async (t) => {
  if (requireTool(t, 'man') === undefined || requireTool(t, 'groff') === undefined) return
  const file = join(tempDir(t), 'intermission.1')
  writeFileSync(file, manPage(VERBS, '1.2.3'))
  const env = { MANWIDTH: '200', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: undefined }
  const { code, stdout, stderr } = await run(t, 'man', ['--warnings=w', '--local-file', file], { env })
  assert.deepEqual([code, stderr], [0, ''])
  const words = stdout.replace(/\s+/g, ' ')
  const shows = (text: string): void => assert.ok(words.includes(text), text)
  shows('intermission 1.2.3')
  for (const { name, words: more = [], flags } of VERBS) {
    shows(`intermission ${[name, ...more.map((word) => word.name)].join(' ')}`)
    for (const { name, metavar, defaultText, env } of flags) {
      shows(`${flagOf(name)}${metavar === null ? '' : ` ${metavar}`}`)
      if (defaultText) shows(`Default: ${defaultText}.`)
      if (env) shows(`Variable: ${env}.`)
    }
  }
  for (const [number, meaning] of EXIT_CODES)
    shows(`${number} ${meaning[0]?.toUpperCase()}${meaning.slice(1)}.`)
})
