import { resolve } from 'node:path'
import { InputError } from '../errors.ts'
import type { FileStoreOptions } from './file-store.ts'
import { createFileStore } from './file-store.ts'
import { createMemoryStore } from './memory-store.ts'
import type { StateStore } from './store.ts'

/**
 * Opens the store that an address names.
 *
 * @param url `memory:` or `file:PATH`; a relative path counts from the working directory
 * @throws InputError for any other address
 */
export function openStore(url: string, options: Omit<FileStoreOptions, 'path'> = {}): StateStore {
  if (url === 'memory:') return createMemoryStore()
  const path = pathOfStore(url)
  if (path === undefined) throw new InputError('store', url, 'memory: or file:PATH')
  return createFileStore({ ...options, path })
}

/** The file that an address names; undefined for one of another kind. */
export function pathOfStore(url: string): string | undefined {
  // file:///path is the same file as file:/path.
  const path = /^file:(?:\/\/(?=\/))?(.+)$/s.exec(url)?.[1]
  return path && resolve(path)
}
