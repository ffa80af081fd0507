import { constants } from 'node:fs'
import { copyFile, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { InputError } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'
import { publicDir } from '../package-root.ts'
import { EXIT } from './exit-codes.ts'
import type { RunVerb } from './verb.ts'

export const run: RunVerb = async (flags, { out, err }, [dir = '']) => {
  const from = join(publicDir, 'pages')
  const to = resolve(dir)
  const files = await readdir(from)
  makeFolder(to, 0o777)
  const there = (await readdir(to)).filter((file) => files.includes(file))
  if (there.length > 0) {
    throw new InputError('DIR', dir, `a folder without ${there.join(', ')}, which would be overwritten`)
  }
  for (const file of files) {
    await copyFile(join(from, file), join(to, file), constants.COPYFILE_EXCL)
    if (flags.json !== true) out(join(dir, file))
  }
  if (flags.json === true) out(JSON.stringify({ dir: to, files }))
  err('Edit what you want to be different and delete the rest: what is missing stays as it is built in.')
  err(`See them: intermission pages preview --pages ${dir}`)
  return EXIT.ok
}
