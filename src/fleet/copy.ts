import { IntermissionError, quote } from '../errors.ts'
import { emptyState, parseSharedState, type SharedState } from '../state/shared-state.ts'
import { type FoundDocument, LARGEST_BODY_BYTES } from './answers.ts'
import { newId, parseVersion, type Version } from './version.ts'

/** The document as a member keeps it: checked, and the text that it came as, so that nothing gets lost on its way. */
export interface Copy {
  readonly version: Version
  /** Made up by a member that knew nothing, in an empty store; it gives way to any that is not. */
  readonly isProvisional: boolean
  readonly state: SharedState
  readonly body: string
}

/**
 * Checks a document that was found in the store.
 *
 * @throws IntermissionError ERR_STATE_UNREADABLE, which names the field
 */
export function readDocument({ version: text, isProvisional, body, sizeBytes }: FoundDocument): Copy {
  const origin = 'the document in the store'
  const version = parseVersion(text) ?? refuse(`${origin}: its version ${quote(text)} is none of ours`)
  if (body === null) return refuse(`${origin} has ${sizeBytes} bytes, more than ${LARGEST_BODY_BYTES}`)
  return readCopy(version, isProvisional, body, origin)
}

/** @throws as {@link readDocument} */
export function readCopy(version: Version, isProvisional: boolean, body: string, origin: string): Copy {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (error) {
    return refuse(`${origin} is not JSON`, error)
  }
  const state = parseSharedState(value, origin)
  if (state.revision !== version.revision)
    refuse(`${origin}: revision ${state.revision} is not that of its version, ${version.revision}`)
  return { version, isProvisional, state, body }
}

/** @throws IntermissionError ERR_STATE_UNWRITABLE when it would be too large */
export function createCopy(version: Version, isProvisional: boolean, state: SharedState): Copy {
  const body = JSON.stringify(state)
  const sizeBytes = Buffer.byteLength(body)
  if (sizeBytes > LARGEST_BODY_BYTES) {
    const text = `the state would have ${sizeBytes} bytes, and the store takes ${LARGEST_BODY_BYTES}`
    throw new IntermissionError('ERR_STATE_UNWRITABLE', text)
  }
  return { version, isProvisional, state, body }
}

/** What a member makes up that knows nothing and finds nothing: that nobody has done anything yet. */
export function provisionalCopy(): Copy {
  return createCopy({ epoch: newId(), revision: 0, id: newId() }, true, emptyState())
}

/**
 * What was found, with a revision above that of our own: its documents that differ from ours count as changed by it.
 */
export function raise(found: Copy, own: Copy): Copy {
  const revision = own.version.revision + 1
  const sites = Object.entries(found.state.sites).map(([site, document]) => {
    const ours = own.state.sites[site]
    const isOurs = ours !== undefined && JSON.stringify(ours) === JSON.stringify(document)
    return [site, isOurs ? document : { ...document, revision }] as const
  })
  const state = { ...found.state, revision, sites: Object.fromEntries(sites) }
  return createCopy({ epoch: found.version.epoch, revision, id: newId() }, false, state)
}

function refuse(text: string, cause?: unknown): never {
  throw new IntermissionError('ERR_STATE_UNREADABLE', text, { cause })
}
