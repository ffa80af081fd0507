import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { InputError } from '../errors.ts'
import type { ListenAddress } from './address.ts'

/** Port 8080 of this machine only, or every interface where a platform says by `PORT` which port it forwards to. */
export function defaultListen(env: NodeJS.ProcessEnv): ListenAddress[] {
  const port = env.PORT ?? ''
  if (port === '') return [{ kind: 'tcp', host: '127.0.0.1', port: 8080 }]
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new InputError('PORT', port, 'a port from 0 to 65535')
  return [{ kind: 'tcp', host: '0.0.0.0', port: Number(port) }]
}

/** What systemd made for us (`StateDirectory=`), else where the XDG Base Directory Specification puts state. */
export function defaultStateDir(env: NodeJS.ProcessEnv): string {
  const [systemd = ''] = (env.STATE_DIRECTORY ?? '').split(':')
  if (isAbsolute(systemd)) return systemd
  // The specification tells us to ignore a relative path.
  const xdg = env.XDG_STATE_HOME ?? ''
  const home = env.HOME ?? ''
  const base = isAbsolute(xdg) ? xdg : join(isAbsolute(home) ? home : homedir(), '.local', 'state')
  return join(base, 'intermission')
}
