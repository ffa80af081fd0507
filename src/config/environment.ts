import { suggestion } from '../near.ts'
import type { Given, GivenOptions } from './given.ts'
import { ENV_PREFIX, envOf } from './option.ts'
import type { ConfigProblem } from './problems.ts'

// Kubernetes sets such variables in every container beside a Service that is called `intermission...`.
const SERVICE_LINK = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/
const SERVICE_URL = /^(?:tcp|udp|sctp):\/\//

/** What the environment gives for these options. */
export function fromEnvironment(env: NodeJS.ProcessEnv, names: readonly string[], cwd: string): GivenOptions {
  const given = new Map<string, Given[]>()
  for (const name of names) {
    const text = env[envOf(name)]
    if (text !== undefined)
      given.set(name, [{ value: text, text, as: envOf(name), place: null, baseDir: cwd }])
  }
  return given
}

/** The variables that look like ours and are not: a slip there would otherwise change nothing, in silence. */
export function unknownVariables(env: NodeJS.ProcessEnv, names: readonly string[]): ConfigProblem[] {
  const known = names.map(envOf)
  return Object.keys(env)
    .filter(
      (name) => name.startsWith(ENV_PREFIX) && !known.includes(name) && !isServiceLink(name, env[name] ?? '')
    )
    .map((name) => ({ name, place: null, text: `there is no such variable; ${meant(name, names)}` }))
}

// Without the prefix, which they all share and which would make them all alike.
function meant(name: string, names: readonly string[]): string {
  return suggestion(name.slice(ENV_PREFIX.length), names, envOf)
}

function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && SERVICE_URL.test(value))
}
