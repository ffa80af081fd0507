/** An answer that the gate gives in every mode, at an address of its own. */
export interface OwnAnswer {
  status: number
  /** Names and values in turn. */
  headers: readonly string[]
  /** One character a byte. */
  body: string
}

/** One that is an error, to be said by whoever says errors. */
export interface OwnRefusal {
  refused: 403 | 405
  headers: readonly string[]
}
