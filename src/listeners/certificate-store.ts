import type { SecureContext } from 'node:tls'
import { IntermissionError } from '../errors.ts'
import type { Certificate } from './certificates.ts'

/** The certificates in use; they can be exchanged while listeners serve. */
export interface CertificateStore {
  /** For clients that ask for no name or an unknown one. */
  readonly fallback: Certificate
  /** The certificate for a name (RFC 6066 section 3): exact, else by wildcard, else undefined. Never throws. */
  find(serverName: string): SecureContext | undefined
  /** Uses these for new connections; those that are open keep theirs. */
  replace(certificates: readonly Certificate[]): void
  /** @returns stops telling */
  onReplaced(listener: () => void): () => void
}

/** @throws IntermissionError when there is no certificate at all */
export function createCertificateStore(certificates: readonly Certificate[]): CertificateStore {
  const listeners = new Set<() => void>()
  let { fallback, byName } = index(certificates)
  return {
    get fallback() {
      return fallback
    },
    find(serverName) {
      const name = String(serverName).toLowerCase()
      // One label only (RFC 9525 section 6.3).
      const dot = name.indexOf('.')
      return byName.get(name) ?? (dot > 0 ? byName.get(`*${name.slice(dot)}`) : undefined)
    },
    replace(next) {
      ;({ fallback, byName } = index(next))
      for (const listener of listeners) listener()
    },
    onReplaced(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
  }
}

// The first of several certificates for one name wins, as the first is the default.
function index(certificates: readonly Certificate[]): {
  fallback: Certificate
  byName: Map<string, SecureContext>
} {
  const [fallback] = certificates
  if (fallback === undefined)
    throw new IntermissionError('ERR_CONFIG_INVALID', 'tlsCert: no certificate is given')
  const byName = new Map<string, SecureContext>()
  for (const { names, context } of certificates) {
    for (const name of names) if (!byName.has(name)) byName.set(name, context)
  }
  return { fallback, byName }
}
