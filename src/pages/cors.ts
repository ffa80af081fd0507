import type { IncomingMessage } from 'node:http'

const TOKEN = /^[!#$%&'*+.^_`|~\w-]{1,64}$/
const TOKEN_LIST = /^[!#$%&'*+.^_`|~\w\s,-]{1,2000}$/

/** What lets a script of another origin see the answer instead of a network error. Null when nobody asked. */
export function corsHeaders({ headers: { origin } }: IncomingMessage): string[] | null {
  if (origin === undefined || origin.length > 1000) return null
  return [
    'Access-Control-Allow-Origin',
    origin,
    'Access-Control-Allow-Credentials',
    'true',
    'Access-Control-Expose-Headers',
    'Retry-After, Intermission-Reason'
  ]
}

/** Whether this is a browser's question before a cross-origin request (Fetch standard, CORS-preflight request). */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  )
}

/**
 * The permission to send the real request, which will then meet the gate. It is not to be kept: once the app is back
 * the app decides who may ask.
 */
export function preflightHeaders({ headers }: IncomingMessage): string[] {
  const method = headers['access-control-request-method'] ?? ''
  const names = headers['access-control-request-headers'] ?? ''
  return [
    ...(TOKEN.test(method) ? ['Access-Control-Allow-Methods', method] : []),
    ...(TOKEN_LIST.test(names) ? ['Access-Control-Allow-Headers', names] : []),
    'Access-Control-Max-Age',
    '0'
  ]
}
