import { createRequire } from 'node:module'
import type { Skippable } from './tools.ts'

const require = createRequire(import.meta.url)

/**
 * Loads a package that a test cannot do without, from the project or from `NODE_PATH`.
 *
 * @returns what it exports, or undefined after the test was marked as skipped: the caller returns then
 * @throws when it is missing and `CI` is set, as for a tool
 */
export function requirePackage<T>(t: Skippable, name: string): T | undefined {
  try {
    return require(name) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    const text = `the package ${name} is not installed`
    if (process.env.CI) throw new Error(text, { cause: error })
    t.skip(text)
    return undefined
  }
}
