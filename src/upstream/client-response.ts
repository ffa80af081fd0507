/** The client's side of a relay: one response, in the protocol that the client speaks. */
import type { Framing } from './response-head.ts'

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
}

export interface ClientResponse {
  /** Whether the client's protocol has a way to say this status. */
  canSay(status: number): boolean
  /** Sends `103 Early Hints` (RFC 8297). Hints are optional by nature: what cannot be said is left out. */
  sendHints(fields: string[]): void
  /** Sends the head at once. */
  sendHead(head: ClientHead): void
  /** Sends the head with the whole body, and ends. */
  sendWhole(head: ClientHead, body: Buffer | null): void
  /** False means: wait for `onDrained`. */
  write(bytes: Buffer, onDrained: () => void): boolean
  end(trailers: string[]): void
  /** Ends the response so that the client sees that it is not whole. */
  cut(): void
}
