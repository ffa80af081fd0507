import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bench = fileURLToPath(new URL('..', import.meta.url))
const PAGE_BYTES = 2048

/** Installs the other proxies once, and builds ours. */
export function installAndBuild(say) {
  const { dependencies } = JSON.parse(readFileSync(join(bench, 'package.json'), 'utf8'))
  const missing = Object.entries(dependencies).filter(([name, version]) => installedVersion(name) !== version)
  if (missing.length > 0) {
    say(`installing ${missing.map((one) => one.join('@')).join(', ')}`)
    const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
    execFileSync('npm', ['install', '--prefix', bench, ...quiet], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  const root = join(bench, '..')
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [compiler], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
}

/** The version of a package as the candidates find it, or nothing. */
export function installedVersion(name) {
  for (const folder of [bench, join(bench, '..')]) {
    const file = join(folder, 'node_modules', name, 'package.json')
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).version
  }
  return undefined
}

/** What a program says of its version, or nothing when it is not there. */
export function programVersion(program, words) {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }
  const { error, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', env })
  return error ? undefined : /\d+\.\d+[\w.-]*/.exec(stdout + stderr)?.[0]
}

/** A folder that goes with this process, with the page and the certificate that everybody uses. */
export function makeWorkplace() {
  const dir = mkdtempSync(join(tmpdir(), 'intermission-bench-'))
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }))
  mkdirSync(join(dir, 'pages'))
  const page = join(dir, 'pages', '50x.html')
  const html = '<!doctype html><title>Back soon</title><p>We are at work on it. '
  writeFileSync(page, html.padEnd(PAGE_BYTES, 'x'))
  return { dir, page, ...makeCertificate(dir) }
}

function makeCertificate(dir) {
  const certificate = join(dir, 'certificate.pem')
  const key = join(dir, 'key.pem')
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  spawnSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', certificate])
  return existsSync(certificate) ? { certificate, key } : {}
}
