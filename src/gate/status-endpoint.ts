import type { OwnAnswer, OwnRefusal } from './own-answer.ts'

/** Where pages and scripts ask, in every mode, whether the site is up. */
export const STATUS_PATH = '/.intermission/status'

/** What the public may know of a site, or of one path of it. */
export interface PublicStatus {
  /** `up`: the app answers; `down`: it cannot be reached; `starting`: nobody knows yet; otherwise the mode. */
  state: 'up' | 'down' | 'starting' | 'maintenance' | 'read-only' | 'hold'
  message: string | null
  /** ISO 8601 in UTC. */
  until: string | null
  retryAfterSeconds: number | null
  /** What is announced. */
  next: { from: string; until: string; message: string | null } | null
}

const OPEN = [
  'Access-Control-Allow-Origin',
  '*',
  'Cache-Control',
  'no-store',
  'X-Content-Type-Options',
  'nosniff'
]
const METHODS = 'GET, HEAD, OPTIONS'

/** @param statusOf is asked only when somebody wants to know */
export function answerStatus(method: string, statusOf: () => PublicStatus): OwnAnswer | OwnRefusal {
  if (method === 'OPTIONS') {
    const allowed = ['Access-Control-Allow-Methods', METHODS, 'Access-Control-Allow-Headers', '*']
    return { status: 204, headers: [...OPEN, ...allowed, 'Allow', METHODS], body: '' }
  }
  if (method !== 'GET' && method !== 'HEAD') return { refused: 405, headers: ['Allow', METHODS] }
  const body = Buffer.from(JSON.stringify(statusOf())).toString('latin1')
  const type = ['Content-Type', 'application/json', 'Content-Length', String(body.length)]
  return { status: 200, headers: [...type, ...OPEN], body }
}
