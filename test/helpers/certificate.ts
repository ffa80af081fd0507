/** Certificates for the tests, made by openssl in a folder of the test's own. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cleanup, tempDir } from './temp-dir.ts'

export interface MadeCertificate {
  certPath: string
  keyPath: string
}

/** What a certificate is made with. */
export interface CertificateWish {
  /** DNS names. Default `localhost`. */
  names?: string[]
  /** When it begins and ends, as `YYYYMMDDHHMMSSZ`. Default: from now on, for a day. */
  valid?: [from: string, to: string]
}

/** Makes a self-signed certificate. */
export function makeCertificate(t: Cleanup, wish: CertificateWish = {}): MadeCertificate {
  const { names = ['localhost'], valid } = wish
  const dir = tempDir(t)
  const keyPath = join(dir, 'key.pem')
  const certPath = join(dir, 'cert.pem')
  const alternative = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyPath]
  const subject = ['-subj', `/CN=${names[0]}`, '-addext', alternative]
  if (valid === undefined) {
    openssl(['req', '-x509', ...key, '-out', certPath, '-days', '1', ...subject])
    return { certPath, keyPath }
  }
  // `req` cannot look into the past, `ca` can.
  const request = join(dir, 'request.pem')
  openssl(['req', '-new', ...key, '-out', request, ...subject])
  writeFileSync(join(dir, 'index.txt'), '')
  writeFileSync(join(dir, 'serial'), '01\n')
  const lines = [
    '[ca]',
    'default_ca=own',
    '[own]',
    `database=${join(dir, 'index.txt')}`,
    `new_certs_dir=${dir}`
  ]
  lines.push(
    `serial=${join(dir, 'serial')}`,
    'default_md=sha256',
    'policy=any',
    'copy_extensions=copy',
    '[any]',
    'commonName=supplied'
  )
  writeFileSync(join(dir, 'ca.cnf'), lines.join('\n'))
  const dates = ['-startdate', valid[0], '-enddate', valid[1]]
  const signing = ['-selfsign', '-keyfile', keyPath, '-in', request, '-out', certPath]
  openssl(['ca', '-batch', '-notext', '-config', join(dir, 'ca.cnf'), ...signing, ...dates])
  return { certPath, keyPath }
}

/** A P-256 key of its own. */
export function makeKey(t: Cleanup, passphrase?: string): string {
  const path = join(tempDir(t), 'key.pem')
  const cipher = passphrase === undefined ? [] : ['-aes-128-cbc', '-pass', `pass:${passphrase}`]
  openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', path, ...cipher])
  return path
}

function openssl(args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
