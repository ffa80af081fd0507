/** Writes what the package holds besides code, from the same tables: part of the build, not of the command. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configSchema } from '../config/json-schema.ts'
import { packageRoot, packageVersion } from '../package-root.ts'
import { manPage } from './man-page.ts'
import { VERBS } from './verbs.ts'

const dist = join(packageRoot, 'dist')
mkdirSync(dist, { recursive: true })
writeFileSync(join(dist, 'intermission.1'), manPage(VERBS, packageVersion()))
writeFileSync(
  join(dist, 'config.schema.json'),
  `${JSON.stringify(configSchema(packageVersion()), null, 2)}\n`
)
