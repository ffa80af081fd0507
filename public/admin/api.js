// The token lives in this tab alone: never in an address, and in no storage that outlives the tab.
const KEY = 'intermission-token'
let token = sessionStorage.getItem(KEY)

export const isSignedIn = () => token !== null

export function signIn(value) {
  token = value
  sessionStorage.setItem(KEY, value)
}

export function signOut() {
  token = null
  sessionStorage.removeItem(KEY)
}

/** What the API says instead of doing it. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `The gateway answered ${status}.`)
    this.status = status
    /** Somebody else has changed it in the meantime. */
    this.isConflict = status === 412 || status === 409
  }
}

/**
 * Calls the admin API.
 *
 * @param revision the revision that the change is made for; it is refused when there is another one by now
 */
export async function call(method, path, body, revision) {
  const response = await send(method, path, { body, revision })
  const content = await response.json().catch(() => ({}))
  if (!response.ok) throw new Refusal(response.status, content)
  return content
}

/** What an operator is told whose change was refused. */
export function conflictText(error, name) {
  return error.isConflict
    ? `${name} was changed by somebody else in the meantime, so nothing was done. What you see now is how it is.`
    : error.message
}

/** The raw answer, for those who read it as it comes. */
export function send(method, path, { body, revision, signal } = {}) {
  const headers = { authorization: `Bearer ${token}` }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (revision !== undefined) headers['if-match'] = `"${revision}"`
  return fetch(path, { method, headers, signal, cache: 'no-store', body: body && JSON.stringify(body) })
}
