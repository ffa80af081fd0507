import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The part of a test's context that is needed to leave a test out and say so. */
export interface Skippable {
  skip(message?: string): void
}

/** The Python that Debian's own packages, Django among them, belong to. Another one may come first in PATH. */
export const DEBIAN_PYTHON = '/usr/bin/python3'

/**
 * Finds a program that a test cannot do without.
 *
 * @returns its path, or undefined after the test was marked as skipped: the caller returns then
 * @throws when it is missing and `CI` is set: there every tool is to be installed, and a test left out is a hole
 */
export function requireTool(t: Skippable, name: string): string | undefined {
  return findTool(name) ?? missing(t, name)
}

/** As {@link requireTool}, for a module of {@link DEBIAN_PYTHON}. */
export function requirePythonModule(t: Skippable, name: string): string | undefined {
  const { status } = spawnSync(DEBIAN_PYTHON, ['-c', `import ${name}`], { stdio: 'ignore' })
  return status === 0 ? DEBIAN_PYTHON : missing(t, `${name} for ${DEBIAN_PYTHON}`)
}

/** Its path, or undefined. */
export function findTool(name: string): string | undefined {
  // Debian keeps servers in sbin, which is not in everybody's PATH.
  const dirs = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return dirs.map((dir) => join(dir, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function missing(t: Skippable, what: string): undefined {
  const text = `${what} is not installed; test/tools/install-debian.sh installs it`
  if (process.env.CI) throw new Error(text)
  t.skip(text)
}
