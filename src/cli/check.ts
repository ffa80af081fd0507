import { type Effective, type EffectiveOption, effectiveOptions } from '../config/effective.ts'
import type { GivenFlags } from '../config/flags.ts'
import { loadWithOrigins } from '../config/load.ts'
import { ConfigError, type ConfigProblem, problemLine } from '../config/problems.ts'
import type { Settings } from '../config/settings.ts'
import { hasAdmin } from '../config/token.ts'
import {
  checkCertificates,
  checkOperators,
  checkSharedStore,
  checkSites,
  checkState,
  checkStoreCa,
  checkToken,
  checkWebhookSecrets
} from './check-files.ts'
import { examineFolders } from './check-pages.ts'
import { checkPorts } from './check-ports.ts'
import { EXIT } from './exit-codes.ts'
import { placed } from './load-checked.ts'
import type { Io, RunVerb } from './verb.ts'

/** Without options when the configuration itself cannot be read. */
interface Findings extends Effective {
  problems: readonly ConfigProblem[]
  notes: string[]
}

export const run: RunVerb = async (flags, io) => {
  const { options, sites, problems, notes } = await findAll(flags, io)
  const ok = problems.length === 0
  if (flags.json) {
    io.out(JSON.stringify({ ok, options, sites, problems }))
  } else {
    for (const line of yamlLines({ options, sites })) io.out(line)
  }
  for (const note of notes) io.err(note)
  for (const problem of problems) io.err(problemLine(problem))
  if (ok) io.err('the configuration is good')
  return ok ? EXIT.ok : EXIT.usage
}

async function findAll(flags: GivenFlags, { env }: Io): Promise<Findings> {
  try {
    const loaded = loadWithOrigins({ flags, env })
    const { settings } = loaded
    const ports = await checkPorts(settings)
    const notes = [...ports.notes]
    const certificates = await checkCertificates(settings, (text) => notes.push(text))
    const outside = await problemsOutside(settings)
    // A folder that is missing has been told of.
    const pages = outside.some(({ name }) => name.endsWith('pages'))
      ? []
      : await examineFolders(settings.sites, (text) => notes.push(text))
    if (checkStoreCa(settings).length === 0) notes.push(...(await checkSharedStore(settings)))
    const problems = [...outside, ...pages, ...certificates, ...ports.problems].map((one) =>
      placed(one, loaded)
    )
    return { ...effectiveOptions(loaded), problems, notes }
  } catch (error) {
    if (error instanceof ConfigError) return { options: [], sites: [], problems: error.problems, notes: [] }
    throw error
  }
}

/** What is wrong with the files that a right configuration names. */
async function problemsOutside(settings: Settings): Promise<ConfigProblem[]> {
  return [
    ...(await checkSites(settings)),
    ...(hasAdmin(settings) ? checkToken(settings) : []),
    ...(await checkState(settings)),
    ...checkStoreCa(settings),
    ...checkOperators(settings),
    ...checkWebhookSecrets(settings)
  ]
}

// As a file could hold it; what a site inherits stands above it already.
function yamlLines({ options, sites }: Effective): string[] {
  const lines = options.map(topLine)
  if (sites.length > 0) lines.push('sites:')
  for (const site of sites) {
    const own = site.options.filter(({ source }) => source !== 'inherited')
    lines.push(`  ${site.name}:`, ...own.map((option) => `    ${keyValue(option)}`))
  }
  return lines
}

function topLine(option: EffectiveOption): string {
  return option.value === null ? `# ${option.name}: not set` : keyValue(option)
}

// A JSON value is a YAML value.
function keyValue({ name, value, source }: EffectiveOption): string {
  return `${name}: ${JSON.stringify(value)} # ${source}`
}
