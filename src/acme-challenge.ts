// Only plain segments: with an escape, an empty or a dot segment the upstream might read another path than we do.
const ACME_CHALLENGE = /^\/\.well-known\/acme-challenge(?:\/(?!\.{1,2}(?:[/?]|$))[\w.~-]+)+(?:\?|$)/

/**
 * Whether a request target, as received, is where a certificate authority looks for proof of control (RFC 8555 section
 * 8.3): it is asked over plain HTTP, and in maintenance too.
 */
export function isAcmeChallenge(target: string): boolean {
  return ACME_CHALLENGE.test(target)
}
