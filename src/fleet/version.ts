import { randomBytes } from 'node:crypto'

/**
 * Which document. Revisions only go up within an epoch; a store that begins anew with nobody remembering has another
 * epoch. The id tells two documents apart that claim the same revision.
 */
export interface Version {
  epoch: string
  revision: number
  id: string
}

const VERSION = /^([0-9a-f]{16}):(\d{1,15}):([0-9a-f]{16})$/

export function newId(): string {
  return randomBytes(8).toString('hex')
}

export function versionText({ epoch, revision, id }: Version): string {
  return `${epoch}:${revision}:${id}`
}

/** @returns undefined for what is no version */
export function parseVersion(text: string): Version | undefined {
  const [, epoch, revision, id] = VERSION.exec(text) ?? []
  return epoch === undefined || id === undefined ? undefined : { epoch, revision: Number(revision), id }
}
