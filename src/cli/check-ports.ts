import { lstatSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname } from 'node:path'
import { addressText, type ListenAddress } from '../config/address.ts'
import type { ConfigProblem } from '../config/problems.ts'
import type { Settings } from '../config/settings.ts'
import { quote } from '../errors.ts'
import { callAdmin } from './admin-request.ts'

const ANSWER_TIMEOUT_MS = 2000

export interface PortsOutcome {
  problems: ConfigProblem[]
  notes: string[]
}

/**
 * Tries every listener for a moment. An address that is taken is no problem when a gateway answers at the admin
 * address: then it is most likely its own, and the check is for its next start.
 */
export async function checkPorts(settings: Settings): Promise<PortsOutcome> {
  const wanted: [string, ListenAddress][] = settings.listen.map((address) => ['listen', address])
  for (const address of settings.redirectListen) wanted.push(['redirectListen', address])
  if (settings.admin) wanted.push(['admin', settings.admin])
  const outcome: PortsOutcome = { problems: [], notes: [] }
  const running = await isGateway(settings.admin)
  for (const [name, address] of wanted) {
    const error = await tryListen(address)
    if (!error) continue
    const where = quote(addressText(address))
    if (error.code === 'EADDRINUSE' && running) {
      outcome.notes.push(`${name}: ${where} is taken, most likely by the gateway that runs already`)
    } else {
      outcome.problems.push({ name, place: null, text: `${where} ${explain(error)}` })
    }
  }
  return outcome
}

async function tryListen(address: ListenAddress): Promise<NodeJS.ErrnoException | undefined> {
  if (address.kind === 'unix') return trySocket(address.path)
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', resolve)
    server.listen({ host: address.host, port: address.port }, () => server.close(() => resolve(undefined)))
  })
}

// Not by listening: that would leave a gap in which a socket file is there and nobody behind it.
async function trySocket(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    if (!statSync(dirname(path)).isDirectory()) return new Error('is not in a folder')
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
  const entry = lstatSync(path, { throwIfNoEntry: false })
  if (!entry) return undefined
  if (!entry.isSocket()) return Object.assign(new Error('is a file that is no socket'), { code: 'EEXIST' })
  return new Promise((resolve) => {
    const probe = connect(path)
    // A socket file that nobody serves is left from a crash; a start removes it.
    probe.once('error', () => resolve(undefined))
    probe.once('connect', () => {
      probe.destroy()
      resolve(Object.assign(new Error('is taken'), { code: 'EADDRINUSE' }))
    })
  })
}

async function isGateway(admin: ListenAddress | null): Promise<boolean> {
  if (!admin || (admin.kind === 'tcp' && admin.port === 0)) return false
  try {
    const call = { method: 'GET', path: '/livez', timeoutMs: ANSWER_TIMEOUT_MS } as const
    return (await callAdmin(admin, call)).status === 200
  } catch {
    return false
  }
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'is taken: something else listens there'
  if (error.code === 'EACCES') return 'may not be listened on by this user'
  if (error.code === 'EADDRNOTAVAIL') return 'is not an address of this machine'
  if (error.code === 'ENOTFOUND') return 'is a name that nobody knows'
  if (error.code === 'ENOENT') return 'is in a folder that is not there'
  return error.message
}
