import type { SharedState } from '../state/shared-state.ts'
import type { FoundDocument } from './answers.ts'
import { type Copy, provisionalCopy, raise, readDocument } from './copy.ts'
import type { Register } from './register.ts'
import { judge } from './rules.ts'
import { parseVersion, versionText } from './version.ts'

/** The document that a member holds, and its dealings with the one in the store. */
export interface Holder {
  /** Undefined when nothing is known. */
  readonly copy: Copy | undefined
  /** Version of the copy once it is in force and on the disk of this machine; empty before. */
  readonly inForce: string
  /** Version that was seen last in the store or was put there, whether it could be used or not; empty for none. */
  readonly seen: string
  /** Why the document in the store is not taken; null when it is. */
  readonly refused: string | null
  /** Whether the copy is in force here. It is not until somebody has said so once. */
  readonly isOpen: boolean
  open(): void
  /** Takes a document, puts it into force, and resolves when it is on the disk too. */
  take(copy: Copy): Promise<void>
  /**
   * Looks at what is in the store, and does what has to be done about it.
   *
   * @returns `again` when there is something new to say, or to see; `empty` when nobody knows anything
   */
  look(found: FoundDocument): Promise<'done' | 'again' | 'empty'>
  /** Makes up a document for a store that is empty, when nobody knows better. */
  makeUp(): Promise<void>
}

export interface HolderDeps {
  register: Register
  /** What was on the disk. */
  saved: Copy | undefined
  /** What is known is in force from now on. */
  onOpen(): void
  /** Puts a state into force here, at once. */
  onState(state: SharedState): void
  /** Makes the copy survive a restart. */
  save(): Promise<void>
  onError(error: unknown, doing: string): void
  /** Something that should not happen has been put right. */
  onRepair(what: string, fields: object): void
}

export function createHolder({
  register,
  saved,
  onOpen,
  onState,
  save,
  onError,
  onRepair
}: HolderDeps): Holder {
  let copy = saved
  let seen = ''
  let refused: { version: string; why: string } | null = null
  let isOpen = false
  let saving: { version: string; done: Promise<void> } | undefined
  let savedVersion = saved === undefined ? '' : versionText(saved.version)

  return {
    get copy() {
      return copy
    },
    get inForce() {
      const version = copy === undefined ? '' : versionText(copy.version)
      return isOpen && version === savedVersion ? version : ''
    },
    get seen() {
      return seen
    },
    get refused() {
      return refused?.why ?? null
    },
    get isOpen() {
      return isOpen
    },
    open() {
      if (isOpen) return
      isOpen = true
      onOpen()
    },
    take,
    async look(found) {
      seen = found.version
      if (found.version === refused?.version) return 'done'
      refused = null
      const version = parseVersion(found.version)
      if (version === undefined && found.version !== '') return refuse(found)
      const claim = version && { version, isProvisional: found.isProvisional }
      const verdict = judge(copy, claim)
      if (verdict === 'same') {
        if (savedVersion === found.version) return 'done'
        await keep(copy as Copy)
        return savedVersion === found.version ? 'again' : 'done'
      }
      if (verdict === 'wait') return 'empty'
      if (verdict === 'restore') return restore(copy as Copy, found)
      let theirs: Copy
      try {
        theirs = readDocument(found)
      } catch (error) {
        return refuse(found, error)
      }
      if (verdict === 'take') await take(theirs)
      else await overtake(theirs, copy as Copy)
      return 'again'
    },
    async makeUp() {
      await register.restore(provisionalCopy())
    }
  }

  async function take(next: Copy): Promise<void> {
    const before = copy
    const version = versionText(next.version)
    if (before !== undefined && versionText(before.version) === version) return
    copy = next
    seen = version
    refused = null
    if (before !== undefined && before.version.epoch !== next.version.epoch && !before.isProvisional)
      onRepair('the store began anew and somebody decided meanwhile: that counts', { version })
    if (isOpen) onState(next.state)
    await keep(next)
  }

  function keep({ version }: Copy): Promise<void> {
    const text = versionText(version)
    if (saving?.version === text) return saving.done
    // In force even when this fails. But a start without the store would not know of it, so nobody may rely on it.
    const done = save().then(
      () => {
        savedVersion = text
      },
      () => {}
    )
    const own = { version: text, done }
    saving = own
    void done.then(() => {
      if (saving === own) saving = undefined
    })
    return done
  }

  async function restore(own: Copy, found: FoundDocument): Promise<'again'> {
    if (await register.restore(own))
      onRepair('the store had lost the state: put back', {
        found: found.version,
        version: versionText(own.version)
      })
    return 'again'
  }

  async function overtake(theirs: Copy, own: Copy): Promise<void> {
    const next = raise(theirs, own)
    // Only one of us wins; the others find it when they look again.
    if (await register.set(next, versionText(theirs.version), null))
      onRepair('the store had another state of the same revision: that one counts', {
        version: versionText(next.version)
      })
  }

  function refuse(found: FoundDocument, error?: unknown): 'done' {
    const why =
      error instanceof Error ? error.message : `the document in the store: its version is none of ours`
    refused = { version: found.version, why }
    onError(error ?? new Error(why), 'taking the document from the store; the last known state stays')
    return 'done'
  }
}
