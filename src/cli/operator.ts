import { hostname, userInfo } from 'node:os'

/** Who is at the keyboard, for the record: `user@host`. */
export function operatorName(env: NodeJS.ProcessEnv): string {
  return `${userName(env)}@${hostname()}`.slice(0, 100)
}

// In a container the user often has a number and no name, and Node throws.
function userName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username
  } catch {
    return env.USER ?? `uid${process.getuid?.() ?? ''}`
  }
}
