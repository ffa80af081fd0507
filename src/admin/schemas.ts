/** What the admin API takes and gives, in JSON Schema. Tests hold the answers against it. */

export type Schema = { readonly [keyword: string]: unknown }

const text: Schema = { type: 'string' }
const textOrNull: Schema = { type: ['string', 'null'] }
const count: Schema = { type: 'integer', minimum: 0 }
const countOrNull: Schema = { type: ['integer', 'null'], minimum: 0 }
const millisecondsOrNull: Schema = { type: ['number', 'null'], minimum: 0 }
const instant: Schema = { type: 'string', format: 'date-time' }
const instantOrNull: Schema = { type: ['string', 'null'], format: 'date-time' }
const texts: Schema = { type: 'array', items: text }
const yesNo: Schema = { type: 'boolean' }
const abandoned: Schema = {
  ...count,
  description: 'given up (their clients have left, or they were cut), and may still be running'
}
const oneOf = (...words: string[]): Schema => ({ enum: words })
const of = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })
const listOf = (name: string): Schema => ({ type: 'array', items: of(name) })
const store: Schema = object({ kind: text, reachable: yesNo, staleSince: instantOrNull })

// Whatever an object has besides these is for somebody who knows a later version.
function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', required, properties }
}

const closure = {
  message: textOrNull,
  reason: textOrNull,
  onExpiry: oneOf('leave', 'stay', 'leave-if-healthy'),
  retryAfterSeconds: countOrNull,
  paths: texts,
  exceptPaths: texts,
  maxWaitMs: countOrNull
}

const document = {
  site: text,
  mode: oneOf('live', 'maintenance', 'read-only', 'hold'),
  revision: { ...count, description: 'the ETag without its quotes' },
  since: instant,
  by: textOrNull,
  until: instantOrNull,
  ...closure
}

const link = {
  id: text,
  site: { ...textOrNull, description: 'null: every site' },
  label: textOrNull,
  by: textOrNull,
  createdAt: instant,
  expiresAt: instant
}

export type SchemaName = keyof typeof SCHEMAS

export const SCHEMAS = {
  Document: object(document),
  Changed: object({ ...document, wait: of('Wait') }),
  Documents: {
    oneOf: [of('Document'), object({ revision: count, sites: listOf('Document') })],
    description: 'the document of the only site, or those of all'
  },
  AllChanged: {
    oneOf: [of('Changed'), object({ revision: count, sites: listOf('Document'), wait: of('Wait') })],
    description: 'the document of the only site, or those of all'
  },
  Wait: object({
    outcome: oneOf('complete', 'not-proven', 'superseded'),
    members: count,
    applied: count,
    drained: count,
    inFlight: count,
    abandoned,
    oldestMs: millisecondsOrNull,
    lost: texts
  }),
  Window: object({
    id: text,
    site: { ...textOrNull, description: 'null: every site' },
    mode: oneOf('maintenance', 'read-only', 'hold'),
    from: instant,
    until: instant,
    by: textOrNull,
    addedAt: instant,
    leftSites: texts,
    ...closure
  }),
  Schedule: object({ windows: listOf('Window') }),
  Link: object(link),
  NewLink: object({
    ...link,
    token: { ...text, description: 'told this once' },
    path: { ...text, description: 'where a browser is let in' },
    urls: { ...texts, description: 'the same with the hosts that are known; may be empty' }
  }),
  Links: object({ links: listOf('Link') }),
  Change: object({
    revision: count,
    at: instant,
    by: textOrNull,
    reason: textOrNull,
    action: text,
    subject: { ...textOrNull, description: 'the window or the link that it is about' },
    sites: { ...texts, description: 'empty: every site' },
    mode: textOrNull,
    message: textOrNull,
    until: instantOrNull
  }),
  History: object({ changes: listOf('Change') }),
  Upstream: object({
    name: text,
    breaker: oneOf('closed', 'open', 'half-open'),
    isHealthy: yesNo,
    busy: count,
    connections: count
  }),
  Site: object({
    ...document,
    hosts: texts,
    overdue: { ...yesNo, description: 'until has passed and the mode stayed' },
    next: {
      oneOf: [object({ id: text, from: instant, until: instant, message: textOrNull }), { type: 'null' }]
    },
    upstreams: listOf('Upstream'),
    inFlight: count,
    oldestInFlightMs: millisecondsOrNull,
    abandoned,
    bypassed: count,
    held: count,
    tunnels: count
  }),
  Member: object({
    id: text,
    host: text,
    version: text,
    isSelf: yesNo,
    state: oneOf('live', 'lost', 'stopping'),
    revision: count,
    drained: yesNo,
    inFlight: count,
    abandoned,
    lastSeenAt: { ...instantOrNull, description: 'null: it is the one that answers, or was never heard' },
    workers: { ...count, description: 'processes that serve there' },
    refused: { ...textOrNull, description: 'why it does not take the state in the store; null: it does' }
  }),
  Members: object({ members: listOf('Member'), store }),
  Status: object(
    {
      ...document,
      revision: { ...count, description: 'the shared one, of the last change of anything' },
      version: text,
      startedAt: instant,
      inFlight: count,
      abandoned,
      held: count,
      upstreams: listOf('Upstream'),
      store,
      members: listOf('Member'),
      sites: listOf('Site')
    },
    Object.keys(document).filter((name) => name !== 'revision')
  ),
  Preview: object({ path: { ...text, description: 'where it can be looked at, from this address on' } }),
  Reloaded: object({
    at: instant,
    changed: { ...texts, description: 'options whose values are other ones than before' }
  }),
  Page: text,
  Metrics: text,
  Probe: { type: 'object' },
  Description: { type: 'object' },
  Problem: object(
    {
      ...{ type: text, title: text, status: count, detail: text, field: text, code: text },
      errors: {
        type: 'array',
        items: object({
          name: { ...text, description: 'the option as its giver spells it' },
          place: { ...textOrNull, description: 'file:line:column' },
          text: { ...text, description: 'the value, and what is allowed' }
        }),
        description: 'all that is wrong with a configuration'
      }
    },
    ['field', 'code', 'errors']
  )
} as const satisfies Record<string, Schema>

/** What a change may say about itself. */
export const CHANGE_BODY = {
  reason: { ...text, description: 'why, for the record' },
  by: { ...text, description: 'who; the holder of the token when it is not said' }
} as const

/** What may be said about a mode, now or planned. */
export const CLOSURE_BODY = {
  mode: { enum: ['maintenance', 'read-only', 'hold'], default: 'maintenance' },
  message: { ...text, description: 'what visitors read' },
  until: { ...instant, description: 'when it ends' },
  for: { ...text, description: 'how long instead, such as 30m' },
  onExpiry: { enum: ['leave', 'stay', 'leave-if-healthy'], default: 'leave' },
  retryAfter: { ...text, description: 'what Retry-After says where there is no end, such as 5m' },
  paths: { ...texts, description: 'only these: /path, or /prefix/* for all below it' },
  exceptPaths: { ...texts, description: 'these stay open' },
  maxWait: { ...text, description: 'how long a held request waits, such as 30s' },
  ...CHANGE_BODY
} as const

const timeout = { ...text, description: 'how long to wait, such as 60s', default: '60s' }

export const ENTER_BODY = {
  ...CLOSURE_BODY,
  wait: { enum: ['applied', 'drained', 'none'], default: 'applied' },
  timeout,
  force: { ...yesNo, description: 'cut what is still in flight when that time is over', default: false }
} as const

export const LEAVE_BODY = {
  ...CHANGE_BODY,
  wait: { enum: ['applied', 'none'], default: 'applied' },
  timeout
} as const

export const WINDOW_BODY = {
  ...CLOSURE_BODY,
  from: { ...instant, description: 'when it begins' },
  site: { ...text, description: 'every site when it is not said' }
} as const

export const PREVIEW_BODY = {
  site: { ...text, description: 'whose page', default: 'default' },
  mode: { enum: ['maintenance', 'read-only', 'hold'], default: 'maintenance' },
  message: { ...text, description: 'what visitors read' },
  until: { ...instant, description: 'when it ends' },
  for: { ...text, description: 'how long instead, such as 30m' },
  language: { ...text, description: 'what the visitor likes best, such as fr', default: 'en' }
} as const

export const LINK_BODY = {
  ...CHANGE_BODY,
  for: { ...text, description: 'how long it is good, such as 12h', default: '12h' },
  label: { ...text, description: 'what to call it' },
  site: { ...text, description: 'every site when it is not said' }
} as const
