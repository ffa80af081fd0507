import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse, stringify } from 'yaml'
import { configSchema } from '../../src/config/json-schema.ts'
import { loadSettings } from '../../src/config/load.ts'
import { OPTIONS } from '../../src/config/options.ts'
import { packageRoot, packageVersion } from '../../src/package-root.ts'
import { blocks } from '../helpers/markdown.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const schema = configSchema('1.2.3')
const fits = new Ajv2020().compile(schema)

/** Files that start takes. */
const GOOD: readonly object[] = [
  {},
  { $schema: 'node_modules/fastify-intermission/dist/config.schema.json', upstream: 'unix:/run/app.sock' },
  { listen: ['127.0.0.1:0', '[::1]:0'], upstream: 'http://127.0.0.1:3000, http://127.0.0.1:3001' },
  { interceptErrors: [500, '502-504'], maxRequests: 5, logLevel: 'debug' },
  { interceptErrors: '500,502-504', recover: true, upstreamVerify: 'off', h2c: false },
  { connectTimeout: '500ms', responseTimeout: 'PT5M', idleTimeout: '1h30m', holdOnRefused: '1.5s' },
  { balance: 'round-robin', trustProxy: ['10.0.0.0/8', 'unix'], trustForwarded: 'all', healthCheck: '/up' },
  { sites: { shop: { hosts: ['shop.example', '*.shop.example'], pages: null, connectTimeout: '1s' } } }
]

/** Slips that an editor should underline, each of which start refuses too. */
const BAD: readonly object[] = [
  { lisen: '127.0.0.1:8080' },
  { connectTimeout: 2 },
  { connectTimeout: '2' },
  { idleTimeout: 'soon' },
  { balance: 'random' },
  { logLevel: 'loud' },
  { recover: 'perhaps' },
  { upstream: { url: 'http://127.0.0.1:3000' } },
  { interceptErrors: [502.5] },
  { static: ['a', 'b'] },
  { sites: { shop: { upstream: 'http://127.0.0.1:3000' } } },
  { sites: { shop: { hosts: 'shop.example', listen: '127.0.0.1:8080' } } },
  { sites: [] }
]

test('the schema takes every file that start takes, and refuses the usual slips as start does', (t) => {
  const file = join(tempDir(t), 'intermission.yaml')
  const load = (content: object): unknown => {
    writeFileSync(file, stringify(content))
    return loadSettings({ flags: { config: [file] }, env: { HOME: '/home/somebody' } })
  }
  for (const content of GOOD) {
    load(content)
    assert.ok(fits(content), `${JSON.stringify(content)}: ${JSON.stringify(fits.errors)}`)
  }
  for (const content of BAD) {
    assert.throws(() => load(content), JSON.stringify(content))
    assert.ok(!fits(content), JSON.stringify(content))
  }
})

test('the schema has the words and the default of every option, and the version in its id', () => {
  const properties = schema.properties as Record<string, { description?: string }>
  const names = Object.values(OPTIONS).map(({ name }) => name)
  assert.deepEqual(Object.keys(properties).sort(), ['$schema', 'sites', ...names].sort())
  for (const { name, description, defaultText } of Object.values(OPTIONS))
    assert.equal(properties[name]?.description, `${description} (default: ${defaultText})`)
  assert.equal(schema.$id, 'urn:fastify-intermission:config:1.2.3')
})

test('the files in the README fit, and the schema that is built is this one', () => {
  const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')
  for (const { language, code } of blocks(readme))
    if (language === 'yaml') assert.ok(fits(parse(code)), JSON.stringify(fits.errors))
  const built = readFileSync(join(packageRoot, 'dist/config.schema.json'), 'utf8')
  assert.deepEqual(JSON.parse(built), configSchema(packageVersion()), 'npm run build')
})
