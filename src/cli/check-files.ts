import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { createSecureContext } from 'node:tls'
import { readBypassTokens } from '../config/bypass-tokens.ts'
import { DEFAULT_SITE, SITES_KEY } from '../config/file-sites.ts'
import { readOperators } from '../config/operators.ts'
import type { ConfigProblem } from '../config/problems.ts'
import type { ProcessOptions, Settings, SiteSettings } from '../config/settings.ts'
import { readAdminToken } from '../config/token.ts'
import { readWebhookSecrets } from '../config/webhook-secrets.ts'
import { InputError, IntermissionError, quote } from '../errors.ts'
import { CertificateError } from '../listeners/certificates.ts'
import { isRedisUrl } from '../redis-url.ts'
import { readAuthorities, readPemFile } from '../small-file.ts'
import { checkPages } from './check-pages.ts'

const READABLE_FOLDER = 'a readable directory'

/** Everything that the sites name outside of the configuration, just as a start would find it. */
export async function checkSites({ sites, ...shared }: Settings): Promise<ConfigProblem[]> {
  const problems: ConfigProblem[] = []
  for (const site of sites) {
    const found = [
      ...checkStatic(site),
      ...(await checkPages(site)),
      ...(await checkUpstream(site, shared)),
      ...checkBypassTokens(site)
    ]
    const prefix = site.name === DEFAULT_SITE ? '' : `${SITES_KEY}.${site.name}.`
    problems.push(...found.map((problem) => ({ ...problem, name: prefix + problem.name })))
  }
  return problems
}

/** The static folder must be one that we may list and enter. */
function checkStatic({ static: dir }: SiteSettings): ConfigProblem[] {
  if (dir === null) return []
  return attempt('static', () => {
    try {
      if (statSync(dir).isDirectory()) return accessSync(dir, constants.R_OK | constants.X_OK)
    } catch (cause) {
      throw new InputError('static', dir, READABLE_FOLDER, { cause })
    }
    throw new InputError('static', dir, READABLE_FOLDER)
  })
}

/** Certificates and keys for https upstreams. */
async function checkUpstream(site: SiteSettings, shared: ProcessOptions): Promise<ConfigProblem[]> {
  const { proxyOptions } = await import('../site.ts')
  const { resolveProxyOptions } = await import('../upstream/proxy-options.ts')
  try {
    resolveProxyOptions(proxyOptions(site, shared))
    return []
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return [namedBy(error)]
  }
}

function checkBypassTokens(site: SiteSettings): ConfigProblem[] {
  return attempt('bypassTokenFile', () => void readBypassTokens(site))
}

/**
 * Certificates are read just as at start.
 *
 * @param note hears of those that work but will not be believed
 */
export async function checkCertificates(
  settings: Settings,
  note: (text: string) => void
): Promise<ConfigProblem[]> {
  const { readCertificates } = await import('../serving.ts')
  try {
    for (const { warning } of readCertificates(settings)) if (warning !== null) note(`tlsCert: ${warning}`)
    return []
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    return [namedBy(error)]
  }
}

/** The token file must be good, or there must be room to make it. Makes nothing. */
export function checkToken(settings: Settings): ConfigProblem[] {
  return attempt('adminTokenFile', () => {
    if (readAdminToken(settings) === null) mayBeMade(settings.adminTokenFile)
  })
}

/** The file of operators is read just as at start. */
export function checkOperators(settings: Settings): ConfigProblem[] {
  return attempt('adminOperatorsFile', () => void readOperators(settings))
}

/** The secrets of webhooks are read just as at start. */
export function checkWebhookSecrets(settings: Settings): ConfigProblem[] {
  return attempt('webhookSecretFile', () => void readWebhookSecrets(settings))
}

/** The state file must be readable, or there must be room to make it. */
export async function checkState({ store, recover }: Settings): Promise<ConfigProblem[]> {
  if (!store.startsWith('file:')) return []
  const path = store.slice('file:'.length)
  const { isRecoverable, readStateFile } = await import('../state/state-file.ts')
  try {
    await readStateFile(path)
  } catch (error) {
    const helps = isRecoverable(error)
    const hint = helps ? '; --recover puts it aside' : ''
    if (!helps || !recover) return [{ name: 'store', place: null, text: (error as Error).message + hint }]
  }
  return attempt('store', () => mayBeMade(path))
}

/** Certificates to verify the store with are read just as at start. */
export function checkStoreCa({ storeCa }: Settings): ConfigProblem[] {
  if (storeCa === null) return []
  return attempt('storeCa', () => void createSecureContext({ ca: readAuthorities(storeCa) }))
}

/** Whether a shared store can be used now. It may be later, so this is no problem of the configuration. */
export async function checkSharedStore({ store, storeCa }: Settings): Promise<string[]> {
  if (!isRedisUrl(store)) return []
  const { probeRedis } = await import('../fleet/probe.ts')
  try {
    await probeRedis(store, storeCa === null ? undefined : readPemFile(storeCa).toString())
    return []
  } catch (error) {
    return [`store: ${(error as Error).message}`]
  }
}

/** A file is replaced by renaming, so its folder counts; where that is missing, the nearest one that is there. */
function mayBeMade(path: string): void {
  let folder = dirname(path)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  if (!statSync(folder).isDirectory()) throw new Error(`${quote(folder)} is not a folder`)
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new Error(`${quote(folder)} cannot be written: ${(cause as Error).message}`, { cause })
  }
}

/** The problem of an error whose message begins with the field that it is about. */
function namedBy({ field, message }: InputError | CertificateError): ConfigProblem {
  return { name: field, place: null, text: message.slice(field.length + 2) }
}

function attempt(name: string, what: () => void): ConfigProblem[] {
  try {
    what()
    return []
  } catch (error) {
    const { message } = error as Error
    // Our own errors already say which option they are about.
    const text = error instanceof IntermissionError ? message.replace(/^[a-zA-Z]+: /, '') : message
    return [{ name, place: null, text }]
  }
}
