import type { UpstreamRequest } from './exchange.ts'

/** A request that goes out as it is, with what its method allows. */
export function upstreamRequest(
  method: string,
  { head, hasBody }: { head: string; hasBody: boolean },
  upgrade: boolean
): UpstreamRequest {
  const repeatable = !hasBody && !upgrade && isSafe(method)
  return { method, head, hasBody, upgrade, repeatable, asksFirst: false, isResent: false }
}

// RFC 9110 section 9.2.1, of those that an app may be sent twice without harm.
function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}
