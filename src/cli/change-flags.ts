/** The flags of verbs that change something; what each says goes into a field of the admin API's body. */
import type { Flag } from './verb.ts'

/** A flag whose value goes into the body. */
export interface BodyFlag extends Flag {
  /** The field, where it is not called as the flag. */
  field?: string
  /** May be given several times. */
  list?: true
}

const MESSAGE: BodyFlag = { name: 'message', metavar: 'TEXT', description: 'what visitors read' }
const FOR: BodyFlag = { name: 'for', metavar: 'DUR', description: 'how long, such as 30m' }
const UNTIL: BodyFlag = {
  name: 'until',
  metavar: 'TIME',
  description: 'until when instead, in ISO 8601 with a zone such as 2030-01-31T09:00Z'
}
const TIMEOUT: BodyFlag = {
  name: 'timeout',
  metavar: 'DUR',
  description: 'how long to wait',
  defaultText: '60s'
}

export const REASON: BodyFlag = {
  name: 'reason',
  metavar: 'TEXT',
  description: 'why, for the record; visitors do not see it'
}
export const SITE: Flag = {
  name: 'site',
  metavar: 'NAME',
  description: 'only this site',
  defaultText: 'every site'
}
export const IF_REVISION: Flag = {
  name: 'ifRevision',
  metavar: 'N',
  description: 'only when the state still has this revision; exit code 5 when it has another'
}
export const READ_ONLY: Flag = {
  name: 'readOnly',
  metavar: null,
  description: 'let visitors read: only what would change something gets the 503'
}
export const HOLD: Flag = { name: 'hold', metavar: null, description: 'keep requests waiting instead' }
export const MAX_WAIT: BodyFlag = {
  name: 'maxWait',
  metavar: 'DUR',
  description: 'how long a request waits at most; then it gets the 503 page',
  defaultText: '30s'
}
export const FROM: BodyFlag = {
  name: 'from',
  metavar: 'TIME',
  description: 'when it begins, in ISO 8601 with a zone such as 2030-01-31T02:00Z'
}

/** How a site is closed. */
export const CLOSURE_FLAGS: readonly BodyFlag[] = [
  MESSAGE,
  FOR,
  UNTIL,
  {
    name: 'onExpiry',
    metavar: 'leave|stay|leave-if-healthy',
    description: 'what to do when that time has come',
    defaultText: 'leave'
  },
  {
    name: 'retryAfter',
    metavar: 'DUR',
    description: 'when clients may come back, where there is no end',
    defaultText: '2m'
  },
  {
    name: 'path',
    field: 'paths',
    list: true,
    metavar: 'PATH',
    description: 'close only this: /path, or /prefix/* for all below it; repeatable'
  },
  {
    name: 'except',
    field: 'exceptPaths',
    list: true,
    metavar: 'PATH',
    description: 'keep this open, such as /login; repeatable'
  },
  REASON
]

/** What to wait for once a site is closed. */
export const WAIT_FLAGS: readonly BodyFlag[] = [
  {
    name: 'wait',
    metavar: 'applied|drained|none',
    description:
      'wait until it is in force everywhere, until the requests from before are over as well, or not at all',
    defaultText: 'applied'
  },
  TIMEOUT,
  {
    name: 'force',
    metavar: null,
    description: 'cut the requests that are still running when that time is over'
  }
]

export const LEAVE_FLAGS: readonly BodyFlag[] = [
  REASON,
  {
    name: 'wait',
    metavar: 'applied|none',
    description: 'wait until it is in force everywhere, or not at all',
    defaultText: 'applied'
  },
  TIMEOUT
]

export const LINK_FLAGS: readonly BodyFlag[] = [
  { name: 'for', metavar: 'DUR', description: 'how long it is good', defaultText: '12h' },
  { name: 'label', metavar: 'TEXT', description: 'what to call it' },
  { ...SITE, description: 'good for this site only' },
  REASON
]
