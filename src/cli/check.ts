import { type EffectiveOption, effectiveOptions } from '../config/effective.ts'
import type { GivenFlags } from '../config/flags.ts'
import { loadWithOrigins } from '../config/load.ts'
import { ConfigError, type ConfigProblem, problemLine } from '../config/problems.ts'
import type { Settings } from '../config/settings.ts'
import { checkCertificates, checkFolders, checkPages, checkState, checkToken } from './check-files.ts'
import { checkPorts } from './check-ports.ts'
import { EXIT } from './exit-codes.ts'
import type { Io, RunVerb } from './verb.ts'

interface Findings {
  /** Empty when the configuration itself cannot be read. */
  options: EffectiveOption[]
  problems: readonly ConfigProblem[]
  notes: string[]
}

export const run: RunVerb = async (flags, io) => {
  const { options, problems, notes } = await findAll(flags, io)
  const ok = problems.length === 0
  if (flags.json) {
    io.out(JSON.stringify({ ok, options, problems }))
  } else {
    for (const option of options) io.out(yamlLine(option))
  }
  for (const note of notes) io.err(note)
  for (const problem of problems) io.err(problemLine(problem))
  if (ok) io.err('the configuration is good')
  return ok ? EXIT.ok : EXIT.usage
}

async function findAll(flags: GivenFlags, { env }: Io): Promise<Findings> {
  try {
    const { settings, origins } = loadWithOrigins({ flags, env })
    const ports = await checkPorts(settings)
    const notes = [...ports.notes]
    const certificates = await checkCertificates(settings, (text) => notes.push(text))
    const problems = [...(await problemsOutside(settings)), ...certificates, ...ports.problems]
    return { options: effectiveOptions(settings, origins), problems, notes }
  } catch (error) {
    if (error instanceof ConfigError) return { options: [], problems: error.problems, notes: [] }
    throw error
  }
}

/** What is wrong with the files that a right configuration names. */
async function problemsOutside(settings: Settings): Promise<ConfigProblem[]> {
  return [
    ...checkFolders(settings),
    ...(await checkPages(settings)),
    ...checkToken(settings),
    ...(await checkState(settings))
  ]
}

// A line that a file could hold: a JSON value is a YAML value, and what is not set is a comment.
function yamlLine({ name, value, source }: EffectiveOption): string {
  return value === null ? `# ${name}: not set` : `${name}: ${JSON.stringify(value)} # ${source}`
}
