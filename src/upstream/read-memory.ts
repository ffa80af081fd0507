/** Where responses are read into. New memory for each read would be most of the work of a large body. */
import { COPIED_UP_TO_BYTES, type OnFree } from './client-response.ts'

/** For what comes fast: the fewer reads and writes, the less a large body costs. */
const LARGE_BYTES = 262_144
/** Beyond so many, large bodies are read in small pieces too: slow clients may hold all of them. */
const LARGE_LIMIT = 64
/** What is kept of the memory for large bodies, at most: it is not given back to the system. In bytes. */
export const KEPT_AT_MOST_BYTES = LARGE_LIMIT * LARGE_BYTES

/** All connections read into the same memory: whoever needs such a small piece later has made a copy. */
const SMALL = Buffer.allocUnsafeSlow(COPIED_UP_TO_BYTES)
const spare: Buffer[] = []
let large = 0

function borrow(): Buffer | undefined {
  if (spare.length > 0) return spare.pop()
  if (large >= LARGE_LIMIT) return undefined
  large++
  return Buffer.allocUnsafeSlow(LARGE_BYTES)
}

/** Who has been handed what was read. */
export interface Holder {
  holdsBytes(onFree: OnFree): boolean
}

/** The memory that one connection reads into next. */
export class ReadMemory {
  #current: Buffer = SMALL
  /** What was read is being handed on. */
  #isRead = false

  /** For `onread.buffer` of node's `net.connect`, which asks after every read. */
  readonly next = (): Buffer => this.#current

  /** The first `count` bytes, which were just read. */
  read(count: number): Buffer {
    this.#isRead = true
    return this.#current.subarray(0, count)
  }

  /**
   * Chooses the memory for the next read: large once a small one has been filled, until a read would have been small.
   *
   * @param goesOn the response has not ended
   */
  settle(count: number, goesOn: boolean, holder: Holder | null): void {
    this.#isRead = false
    const memory = this.#current
    if (memory === SMALL) {
      if (goesOn && count === SMALL.length) this.#current = borrow() ?? SMALL
      return
    }
    if (holder?.holdsBytes(giveBack)) this.#current = SMALL
    else if (!goesOn || count <= SMALL.length) this.close()

    function giveBack(isFree: boolean): void {
      if (isFree) spare.push(memory)
      else large--
    }
  }

  /** Nothing more will be read. In the middle of a read, `settle` sees to it. */
  close(): void {
    if (this.#isRead) return
    if (this.#current !== SMALL) spare.push(this.#current)
    this.#current = SMALL
  }
}
