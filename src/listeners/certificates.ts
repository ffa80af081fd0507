/** Certificates from files: read, checked against their keys, and chosen by the name that a client asks for. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { IntermissionError, quote } from '../errors.ts'
import { readPemFile } from '../small-file.ts'

export interface CertificateFiles {
  certPath: string
  keyPath: string
}

export interface Certificate {
  /** Host names in lower case; `*.` stands for one label. */
  names: string[]
  cert: Buffer
  key: Buffer
  context: SecureContext
  /** What an operator should know, though it works; null when all is well. */
  warning: string | null
}

/** A certificate or key that cannot be used; `field` is the option to blame. */
export class CertificateError extends IntermissionError {
  readonly field: 'tlsCert' | 'tlsKey'

  constructor(field: 'tlsCert' | 'tlsKey', text: string, options?: { cause?: unknown }) {
    super('ERR_CONFIG_INVALID', `${field}: ${text}`, options)
    this.name = 'CertificateError'
    this.field = field
  }
}

/** RFC 9325 section 3.1.1. */
export const MIN_TLS_VERSION = 'TLSv1.2'

/**
 * @param files the first pair is for clients that ask for no name or an unknown one
 * @throws CertificateError
 */
export function loadCertificates(files: readonly CertificateFiles[], nowMs = Date.now()): Certificate[] {
  return files.map((pair) => loadCertificate(pair, nowMs))
}

function loadCertificate({ certPath, keyPath }: CertificateFiles, nowMs: number): Certificate {
  const cert = readPem('tlsCert', certPath)
  const key = readPem('tlsKey', keyPath)
  const leaf = parseCertificate(certPath, cert)
  const privateKey = parseKey(keyPath, key)
  if (!leaf.checkPrivateKey(privateKey))
    throw new CertificateError('tlsKey', `${quote(keyPath)} is not the key of ${quote(certPath)}`)
  let context: SecureContext
  try {
    context = createSecureContext({ cert, key, minVersion: MIN_TLS_VERSION })
  } catch (cause) {
    throw new CertificateError('tlsCert', `${quote(certPath)} cannot be used: ${(cause as Error).message}`, {
      cause
    })
  }
  return { names: namesOf(leaf), cert, key, context, warning: warningOf(certPath, leaf, nowMs) }
}

function readPem(field: 'tlsCert' | 'tlsKey', path: string): Buffer {
  try {
    return readPemFile(path)
  } catch (cause) {
    throw new CertificateError(field, `${quote(path)} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function parseCertificate(path: string, pem: Buffer): X509Certificate {
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw new CertificateError('tlsCert', `${quote(path)} holds no certificate in PEM form`)
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new CertificateError('tlsCert', `${quote(path)} holds no readable certificate`, { cause })
  }
}

function parseKey(path: string, pem: Buffer): KeyObject {
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem.toString('latin1')))
    throw new CertificateError('tlsKey', `${quote(path)} is encrypted; a key without a passphrase is needed`)
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new CertificateError('tlsKey', `${quote(path)} holds no private key in PEM form`, { cause })
  }
}

// RFC 9525 section 2: names are in the alternative names. An old certificate without any has one in its subject.
function namesOf(leaf: X509Certificate): string[] {
  const alternatives = (leaf.subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice(4))
  const subject = /^CN=(.+)$/m.exec(leaf.subject)?.[1]
  const names = leaf.subjectAltName === undefined && subject !== undefined ? [subject] : alternatives
  return names.map((name) => name.toLowerCase())
}

function warningOf(path: string, leaf: X509Certificate, nowMs: number): string | null {
  if (Date.parse(leaf.validTo) < nowMs) return `${quote(path)} has expired: ${leaf.validTo}`
  if (Date.parse(leaf.validFrom) > nowMs) return `${quote(path)} is not valid before ${leaf.validFrom}`
  return null
}
