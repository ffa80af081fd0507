import { accessSync, type BigIntStats, constants, realpathSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'

/** How files are found. */
export interface FindOptions {
  /** Serve what a symbolic link inside the folder points to outside of it. */
  followLinks: boolean
}

/**
 * Looks for a readable regular file, as it is on the disk now.
 *
 * Synchronous, as in nginx: every request that is not for a file passes here, and one look is far cheaper than the way
 * to the thread pool and back.
 *
 * @param path below the root, as {@link filePathOf} gives it
 * @returns undefined for everything that is not such a file, errors included
 */
export function findFile(root: string, path: string, { followLinks }: FindOptions): BigIntStats | undefined {
  const full = join(root, path)
  try {
    const stats = statSync(full, { bigint: true, throwIfNoEntry: false })
    if (stats === undefined || !stats.isFile()) return undefined
    accessSync(full, constants.R_OK)
    return followLinks || isInside(realpathSync(root), realpathSync(full)) ? stats : undefined
  } catch {
    // A name too long, a file where a folder should be, no permission, a link to itself.
    return undefined
  }
}

function isInside(folder: string, file: string): boolean {
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
