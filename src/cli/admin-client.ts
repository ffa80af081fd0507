import type { ListenAddress } from '../config/address.ts'
import type { GivenFlags } from '../config/flags.ts'
import { loadSome } from '../config/load.ts'
import { readAdminToken } from '../config/token.ts'
import { InputError, IntermissionError } from '../errors.ts'
import { type AdminAnswer, callAdmin, notAdmin } from './admin-request.ts'
import type { Io } from './verb.ts'

// A change is written durably before it is acknowledged, and a disk may be slow.
const TIMEOUT_MS = 15_000

/** One call of the admin API. */
export interface AdminCall {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  path: string
  /** Sent as JSON. */
  body?: object
  /** The revision to insist on. */
  ifRevision?: number | undefined
  /** How long the gateway may wait before it answers, in milliseconds. Default 0. */
  waitMs?: number
  /** Fields of which the answer has at least one. */
  expects: readonly string[]
  /** Statuses of failures that the caller deals with. Default: none. */
  accepts?: readonly number[]
}

/** The admin API as an operator uses it: every answer is a success, everything else an error with an exit code. */
export interface AdminClient {
  send(call: AdminCall): Promise<AdminAnswer>
  get(path: string, ...expects: string[]): Promise<AdminAnswer['body']>
}

/**
 * Finds the admin API and its token in flags and environment.
 *
 * @throws ConfigError, or InputError when the admin API is off
 */
export function createAdminClient(flags: GivenFlags, { env }: Pick<Io, 'env'>): AdminClient {
  const settings = loadSome(['admin', 'adminToken', 'adminTokenFile', 'stateDir'], { flags, env })
  const address = connectable(settings.admin)
  const token = readAdminToken(settings)
  const hint = token === null ? `there is no token in ${settings.adminTokenFile}` : undefined

  const send = async ({ method, path, body, ifRevision, waitMs = 0, expects, accepts = [] }: AdminCall) => {
    const headers = {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(ifRevision !== undefined && { 'if-match': `"${ifRevision}"` })
    }
    const call = { method, path, headers, timeoutMs: TIMEOUT_MS + waitMs, ...(body && { body }) }
    const answer = await callAdmin(address, call)
    if (answer.status >= 300 && !accepts.includes(answer.status))
      throw problemOf(answer, hint) ?? notAdmin(address, answer.status)
    // An app that says yes to everything must not make an operator believe that the site is in maintenance.
    if (!expects.some((field) => field in answer.body)) throw notAdmin(address, answer.status)
    return answer
  }
  return { send, get: async (path, ...expects) => (await send({ method: 'GET', path, expects })).body }
}

/**
 * An admin address that a client can use.
 *
 * @throws InputError when it is off, or port 0
 */
export function connectable(address: ListenAddress | null): ListenAddress {
  const allowed = 'the address where the admin API listens; give it with --admin or INTERMISSION_ADMIN'
  if (address === null) throw new InputError('admin', 'off', allowed)
  if (address.kind === 'tcp' && address.port === 0)
    throw new InputError('admin', `${address.host}:0`, allowed)
  return address
}

/** What the answer means, or undefined when the admin API does not answer so. */
function problemOf({ status, body }: AdminAnswer, hint: string | undefined): IntermissionError | undefined {
  const said = [body.detail, body.title].find((text) => typeof text === 'string' && text !== '')
  const text = `the admin API answered ${status}: ${said ?? 'no reason given'}`
  if (status === 401 && hint) return new IntermissionError('ERR_ADMIN_REFUSED', `${text} (${hint})`)
  if ([401, 403, 409, 412, 428, 429].includes(status)) return new IntermissionError('ERR_ADMIN_REFUSED', text)
  if ([400, 413, 415, 422].includes(status)) return new IntermissionError('ERR_INPUT_INVALID', text)
  // Others answer so too, but not with our codes.
  if (status === 404 && body.code === 'ERR_NOT_FOUND') return new IntermissionError('ERR_NOT_FOUND', text)
  if (status === 503 && body.code === 'ERR_STORE_UNREACHABLE')
    return new IntermissionError('ERR_STORE_UNREACHABLE', text)
  return status === 500 ? new IntermissionError('ERR_STATE_UNWRITABLE', text) : undefined
}
