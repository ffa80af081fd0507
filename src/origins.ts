import { hostname } from 'node:os'
import type { Settings } from './config/settings.ts'
import type { ListenTarget } from './listeners/bind.ts'

type TcpTarget = Extract<ListenTarget, { kind: 'tcp' }>

/** Everywhere, which is no address to go to. */
const ANY = new Set(['0.0.0.0', '::'])
const MOST = 20

/**
 * Under which origins visitors reach a site, or any site (null), as far as the gateway can know: by the hosts of the site, else
 * by the address that it listens on.
 *
 * @param targets where it listens
 */
export function originsOf(
  { sites, trustForwarded }: Pick<Settings, 'sites' | 'trustForwarded'>,
  targets: readonly ListenTarget[],
  site: string | null
): string[] {
  const tcp = targets.filter((target): target is TcpTarget => target.kind === 'tcp')
  const listener = tcp.find(({ tls }) => tls === true) ?? tcp[0]
  const wanted = sites.filter(({ name }) => site === null || name === site)
  const origins = wanted.flatMap(({ hosts }) => {
    const names = hosts.filter((host) => !host.startsWith('*.'))
    if (names.length > 0) return names.map((name) => originOf(name, listener, trustForwarded === 'all'))
    return listener === undefined || hosts.length > 0 ? [] : [originOf(nameOf(listener), listener, false)]
  })
  return [...new Set(origins)].slice(0, MOST)
}

/** @param isBehindTls somebody in front of us ends TLS, at the usual port */
function originOf(name: string, listener: TcpTarget | undefined, isBehindTls: boolean): string {
  if (listener === undefined || isBehindTls) return `https://${name}`
  const { tls = false, port } = listener
  const suffix = port === (tls ? 443 : 80) ? '' : `:${port}`
  return `${tls ? 'https' : 'http'}://${name}${suffix}`
}

function nameOf({ host }: TcpTarget): string {
  if (ANY.has(host)) return hostname()
  return host.includes(':') ? `[${host}]` : host
}
