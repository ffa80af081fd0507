import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { connect } from 'node:tls'
import { createCertificateStore } from '../../src/listeners/certificate-store.ts'
import { CertificateError, loadCertificates } from '../../src/listeners/certificates.ts'
import { openListener } from '../../src/listeners/listener.ts'
import { makeCertificate, makeKey } from '../helpers/certificate.ts'
import { intermission, startGateway } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

/** The names in the certificate that a server shows to a client that asks for this name. */
function shownFor(port: number, servername: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false, ...(servername && { servername }) }
    const socket = connect(options, () => {
      resolve(socket.getPeerX509Certificate()?.subjectAltName ?? '')
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

test('the name that a client asks for picks the certificate: exact, wildcard, else the first', async (t) => {
  const files = [['localhost', 'first.test'], ['*.shop.test', 'shop.test'], ['www.shop.test']].map((names) =>
    makeCertificate(t, { names })
  )
  const certificates = createCertificateStore(loadCertificates(files))
  const listener = await openListener(
    { kind: 'tcp', host: '127.0.0.1', port: 0, tls: true },
    { certificates, onRequest: (_, response) => response.end('ok') }
  )
  t.after(() => listener.close(0))
  const port = listener.target.kind === 'tcp' ? listener.target.port : 0
  for (const [name, expected] of [
    ['shop.test', 'DNS:*.shop.test'],
    ['a.shop.test', 'DNS:*.shop.test'],
    ['A.SHOP.test', 'DNS:*.shop.test'],
    ['www.shop.test', 'DNS:www.shop.test'],
    ['a.b.shop.test', 'DNS:localhost'],
    ['other.test', 'DNS:localhost'],
    ['first.test', 'DNS:localhost'],
    ['__proto__', 'DNS:localhost'],
    [undefined, 'DNS:localhost']
  ] as const) {
    assert.ok((await shownFor(port, name)).startsWith(expected), `${name}`)
  }

  const next = makeCertificate(t, { names: ['next.test'] })
  certificates.replace(loadCertificates([next]))
  for (const name of ['www.shop.test', undefined]) assert.equal(await shownFor(port, name), 'DNS:next.test')
})

test('a choice that throws shows the first certificate instead of ending the process', async (t) => {
  const certificates = createCertificateStore(loadCertificates([makeCertificate(t)]))
  const broken = {
    ...certificates,
    find: () => {
      throw new Error('broken')
    }
  }
  const listener = await openListener(
    { kind: 'tcp', host: '127.0.0.1', port: 0, tls: true },
    { certificates: broken, onRequest: (_, response) => response.end('ok') }
  )
  t.after(() => listener.close(0))
  const port = listener.target.kind === 'tcp' ? listener.target.port : 0
  assert.equal(await shownFor(port, 'shop.test'), 'DNS:localhost')
})

test('TLS below 1.2, and no TLS at all, get nowhere', async (t) => {
  const certificates = createCertificateStore(loadCertificates([makeCertificate(t)]))
  const listener = await openListener(
    { kind: 'tcp', host: '127.0.0.1', port: 0, tls: true },
    { certificates, onRequest: (_, response) => response.end('ok') }
  )
  t.after(() => listener.close(0))
  const port = listener.target.kind === 'tcp' ? listener.target.port : 0
  const old = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0'
  })
  await new Promise((resolve) => old.once('error', resolve))
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`))
  assert.equal(await shownFor(port, undefined), 'DNS:localhost')
})

/** Files that no gateway can use, and what is said of them. */
const BROKEN: Record<string, (t: Cleanup) => [certPath: string, keyPath: string, says: RegExp]> = {
  'a missing certificate': (t) => [
    '/nowhere/c.pem',
    makeKey(t),
    /^tlsCert: "\/nowhere\/c\.pem" cannot be read/
  ],
  'a missing key': (t) => [
    makeCertificate(t).certPath,
    '/nowhere/k.pem',
    /^tlsKey: "\/nowhere\/k\.pem" cannot be/
  ],
  'a folder': (t) => [tempDir(t), makeKey(t), /^tlsCert: .* it is not a regular file/],
  'the key of another certificate': (t) => [
    makeCertificate(t).certPath,
    makeKey(t),
    /^tlsKey: .* is not the key of/
  ],
  'an encrypted key': (t) => [makeCertificate(t).certPath, makeKey(t, 'secret'), /^tlsKey: .* is encrypted/],
  'the two in the wrong order': (t) => {
    const { certPath, keyPath } = makeCertificate(t)
    return [keyPath, certPath, /^tlsCert: .* holds no certificate in PEM form/]
  },
  'a certificate for a key': (t) => {
    const { certPath } = makeCertificate(t)
    return [certPath, certPath, /^tlsKey: .* holds no private key in PEM form/]
  },
  'a certificate cut short': (t) => {
    const { certPath, keyPath } = makeCertificate(t)
    writeFileSync(certPath, readFileSync(certPath).subarray(0, 200))
    return [certPath, keyPath, /^tlsCert: .* holds no readable certificate/]
  },
  'a chain that is broken after its first certificate': (t) => {
    const { certPath, keyPath } = makeCertificate(t)
    writeFileSync(certPath, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', { flag: 'a' })
    return [certPath, keyPath, /^tlsCert: .* cannot be used/]
  },
  'a named pipe, which would wait for a writer': (t) => {
    const path = join(tempDir(t), 'pipe')
    execFileSync('mkfifo', [path])
    return [path, makeKey(t), /^tlsCert: .* it is not a regular file/]
  }
}

for (const [name, make] of Object.entries(BROKEN)) {
  test(`${name} is refused, and named`, (t) => {
    const [certPath, keyPath, says] = make(t)
    assert.throws(
      () => loadCertificates([{ certPath, keyPath }]),
      (error) => error instanceof CertificateError && says.test(error.message)
    )
  })
}

test('a broken certificate stops start and check with exit code 2', async (t) => {
  const { certPath } = makeCertificate(t)
  const args = ['--tls-cert', certPath, '--tls-key', makeKey(t), '--listen', '127.0.0.1:0', '--admin', 'off']
  const own = ['--state-dir', tempDir(t)]
  for (const verb of ['start', 'check']) {
    const { code, stderr } = await intermission(t, [verb, ...args, ...own])
    assert.equal(code, 2, verb)
    assert.match(stderr, /tlsKey: .* is not the key of/)
  }
})

test('an expired certificate is used, with a warning at start and in check', async (t) => {
  const { certPath, keyPath } = makeCertificate(t, { valid: ['20200101000000Z', '20200201000000Z'] })
  const args = ['--tls-cert', certPath, '--tls-key', keyPath, '--admin', 'off']
  const gateway = await startGateway(t, args)
  assert.match(gateway.url, /^https:/)
  await gateway.waitFor(/has expired: Feb {2}1 00:00:00 2020 GMT/)
  const checked = await intermission(t, [
    'check',
    ...args,
    '--listen',
    '127.0.0.1:0',
    '--state-dir',
    tempDir(t)
  ])
  assert.equal(checked.code, 0)
  assert.match(checked.stderr, /tlsCert: .* has expired/)
})
