/** The client's side of a relay: one response, in the protocol that the client speaks. */
import type { Framing } from './response-head.ts'

/** @param isFree nothing reads the memory any more, so that it can be written over */
export type OnFree = (isFree: boolean) => void

/** The head of a response as it goes to the client. */
export interface ClientHead {
  status: number
  reasonPhrase: string
  /** Name, value, name, value, ... without the fields that end at this hop. */
  fields: string[]
  /** How the end of the body is found on the upstream's side. */
  framing: Framing
  /** Trailer fields may follow the body. */
  trailers: boolean
  /** Hooks of an app have added fields, which nobody has checked. */
  hasAdded: boolean
}

/** Pieces of a body up to this size are copied when they are written: what they were read into is free at once. */
export const COPIED_UP_TO_BYTES = 65_536

export interface ClientResponse {
  /** Whether the client's protocol has a way to say this status. */
  canSay(status: number): boolean
  /** Sends `103 Early Hints` (RFC 8297). Hints are optional by nature: what cannot be said is left out. */
  sendHints(fields: string[]): void
  /** The head goes out with what is written next, or with `flush`. */
  sendHead(head: ClientHead): void
  /** Sends the head with the whole body, and ends. */
  sendWhole(head: ClientHead, body: Buffer | null): void
  /** The bytes must stay as they are while `holdsBytes` says so. */
  write(bytes: Buffer): void
  /** Sends what has been written. False means: wait for `onDrained`. */
  flush(onDrained: () => void): boolean
  /**
   * Whether bytes that were written are in use, because the client has not taken them yet. Then `onFree` is called later:
   * with false when the client will never take them, and nobody knows for how long they are looked at.
   */
  holdsBytes(onFree: OnFree): boolean
  end(trailers: string[]): void
  /** Ends the response so that the client sees that it is not whole. */
  cut(): void
}
