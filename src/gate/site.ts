/** What the gate has to know of a site. The live object of the state is one. */
export interface Site {
  /** False until the mode could be read. */
  readonly isKnown: boolean
  readonly state: SiteState
  /** What is announced. */
  readonly next: Announcement | null
  /** The link of a token, when it is good now. Never throws. */
  verifyLink(token: string): GoodLink | null
}

export type SiteMode = 'live' | 'maintenance' | 'read-only' | 'hold'

export interface SiteState {
  /** The name of the site. */
  readonly site: string
  readonly mode: SiteMode
  readonly message: string | null
  /** ISO 8601 in UTC. */
  readonly until: string | null
  /** The mode is limited to these; empty for the whole site. */
  readonly paths: readonly string[]
  /** These stay open. */
  readonly exceptPaths: readonly string[]
  /** How long a request is held; null where nothing is said. */
  readonly maxWaitMs: number | null
}

export interface Announcement {
  readonly from: string
  readonly until: string
  readonly message: string | null
}

export interface GoodLink {
  readonly id: string
  readonly expiresAt: string
}
