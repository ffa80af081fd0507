import { addressText, isLoopback, type ListenAddress } from './address.ts'
import { SOURCES } from './given.ts'
import type { ConfigProblem } from './problems.ts'
import type { Origins, SettingName } from './resolve.ts'
import type { OptionValues } from './settings.ts'

/** How the giver of a setting spelled it. */
type Spelling = (name: SettingName) => Pick<ConfigProblem, 'name' | 'place'>

/** Some settings and where they came from; a client has only a few of them. */
type Some<T> = Partial<T>

/**
 * Holds the settings against each other, once each is right by itself. Settles between token and token file: the
 * stronger source wins.
 *
 * @returns what is wrong
 */
export function applyRules(
  settings: Some<OptionValues>,
  origins: Some<Origins>,
  spelled: Spelling
): ConfigProblem[] {
  return [
    ...tokens(settings, origins, spelled),
    ...exposure(settings, spelled),
    ...certificates(settings, spelled),
    ...proxyProtocol(settings, spelled),
    ...workers(settings, spelled),
    ...webhooks(settings, spelled),
    ...clashes(settings, spelled)
  ]
}

function tokens(settings: Some<OptionValues>, origins: Some<Origins>, spelled: Spelling): ConfigProblem[] {
  const token = SOURCES.indexOf(origins.adminToken ?? 'default')
  const file = SOURCES.indexOf(origins.adminTokenFile ?? 'default')
  if (file > token) settings.adminToken = null
  if (token !== file || token === 0) return []
  const { name } = spelled('adminTokenFile')
  return [
    { ...spelled('adminToken'), text: `cannot be given together with ${name}: which of the two counts?` }
  ]
}

function exposure({ admin, adminInsecure }: Some<OptionValues>, spelled: Spelling): ConfigProblem[] {
  // A client only looks for the admin API and exposes nothing; it has no adminInsecure.
  if (!admin || isLoopback(admin) || adminInsecure !== false) return []
  const text =
    `"${addressText(admin)}" can be reached from other machines, and the admin API has no TLS; ` +
    'listen on 127.0.0.1 or a unix socket, or allow it with adminInsecure (--admin-insecure)'
  return [{ ...spelled('admin'), text }]
}

function certificates(
  { listen = [], tlsCert = [], tlsKey = [], redirectListen = [] }: Some<OptionValues>,
  spelled: Spelling
): ConfigProblem[] {
  if (tlsCert.length !== tlsKey.length) {
    const text = `each certificate needs its key: there are ${tlsCert.length} of tlsCert, and ${tlsKey.length} of tlsKey`
    return [{ ...spelled(tlsCert.length > tlsKey.length ? 'tlsCert' : 'tlsKey'), text }]
  }
  const secure = listen.filter((address) => address.kind === 'tcp' && (address.tls ?? tlsCert.length > 0))
  if (secure.length > 0 && tlsCert.length === 0)
    return [{ ...spelled('listen'), text: 'https:// needs a certificate: tlsCert and tlsKey' }]
  if (secure.length === 0 && tlsCert.length > 0)
    return [{ ...spelled('tlsCert'), text: 'no address of listen speaks TLS' }]
  if (secure.length === 0 && redirectListen.length > 0)
    return [{ ...spelled('redirectListen'), text: 'there is no https listener to redirect to: see tlsCert' }]
  return []
}

function proxyProtocol(
  { proxyProtocol, trustProxy }: Some<OptionValues>,
  spelled: Spelling
): ConfigProblem[] {
  if (proxyProtocol !== true || trustProxy === undefined || trustProxy.length > 0) return []
  const text = 'a PROXY header is believed only of peers in trustProxy, and there are none'
  return [{ ...spelled('proxyProtocol'), text }]
}

function workers({ workers: count = 1, adminPath }: Some<OptionValues>, spelled: Spelling): ConfigProblem[] {
  if (count === 1 || adminPath == null) return []
  const text =
    'the public listeners of several workers cannot carry the admin API; give it a listener of its own'
  return [{ ...spelled('adminPath'), text }]
}

function webhooks({ webhook, webhookSecretFile }: Some<OptionValues>, spelled: Spelling): ConfigProblem[] {
  if (webhook === undefined || webhook.length === 0 || webhookSecretFile !== null) return []
  const text = 'webhookSecretFile is missing: without a signature nobody can tell who speaks'
  return [{ ...spelled('webhook'), text }]
}

function clashes({ listen, redirectListen, admin }: Some<OptionValues>, spelled: Spelling): ConfigProblem[] {
  if (listen?.length === 0) return [{ ...spelled('listen'), text: 'at least one address is needed' }]
  const taken = new Set<string>()
  const problems: ConfigProblem[] = []
  const claim = (address: ListenAddress, name: SettingName): void => {
    const text = addressText(address)
    if (address.kind === 'tcp' && address.port === 0) return
    if (taken.has(text))
      problems.push({ ...spelled(name), text: `"${text}" is already taken by another listener` })
    taken.add(text)
  }
  for (const address of listen ?? []) claim(address, 'listen')
  for (const address of redirectListen ?? []) claim(address, 'redirectListen')
  if (admin) claim(admin, 'admin')
  return problems
}
