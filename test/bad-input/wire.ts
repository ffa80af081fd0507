/** Finds the answers in what a connection has received; their bodies must have a length, as those of our tests do. */
const HEAD = /^HTTP\/1\.[01] (\d{3})[^\r]*\r\n((?:[^\r\n]+\r\n)*)\r\n/

/** The statuses of all complete answers; a 1xx is none. */
export function answersIn(received: string): string[] {
  const statuses: string[] = []
  let rest = received
  for (let head = HEAD.exec(rest); head !== null; head = HEAD.exec(rest)) {
    const [all, status = '', fields = ''] = head
    const length = Number(/^content-length: (\d+)\r$/im.exec(fields)?.[1] ?? 0)
    const chunked = /^transfer-encoding: chunked\r$/im.test(fields)
    rest = rest.slice(all.length)
    if (chunked) {
      const end = rest.indexOf('0\r\n\r\n')
      if (end === -1) break
      rest = rest.slice(end + 5)
    } else {
      // The answer to a HEAD has a length and no body.
      const body = rest.startsWith('HTTP/1.') || rest === '' ? 0 : length
      if (rest.length < body) break
      rest = rest.slice(body)
    }
    if (!status.startsWith('1')) statuses.push(status)
  }
  return statuses
}

/** Whether an app could not read what it got. A proxy that gives up in the middle of a request closes; that is no lie. */
export function isUnreadable({ code = '' }: NodeJS.ErrnoException): boolean {
  return code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE'
}
