/** Finds the answers in the bytes that a client got, by the rules of RFC 9112 section 6.3. */

export interface Answer {
  status: number
  reason: string
  /** Name in lower case, value, ... */
  fields: [name: string, value: string][]
  body: string
  /** Names and values of a trailer section. */
  trailers: string[]
  /** Statuses of the 1xx in front of it. */
  interim: number[]
}

const HEAD_END = '\r\n\r\n'

/** @param ended the connection has ended, and with it a body that has no other end */
export function readAnswers(
  text: string,
  methods: readonly string[],
  ended: boolean
): { answers: Answer[]; rest: string } {
  const answers: Answer[] = []
  let rest = text
  let interim: number[] = []
  for (;;) {
    const end = rest.indexOf(HEAD_END)
    if (end === -1) return { answers, rest }
    const head = readHead(rest.slice(0, end))
    const after = rest.slice(end + HEAD_END.length)
    if (head.status < 200 && head.status !== 101) {
      interim.push(head.status)
      rest = after
      continue
    }
    const body = readBody(head, after, methods[answers.length] ?? 'GET', ended)
    if (body === null) return { answers, rest }
    answers.push({ ...head, body: body.text, trailers: body.trailers, interim })
    interim = []
    rest = after.slice(body.length)
  }
}

/** The values of a field. */
export function valuesOf({ fields }: Pick<Answer, 'fields'>, name: string): string[] {
  return fields.filter(([one]) => one === name).map(([, value]) => value)
}

type Head = Pick<Answer, 'status' | 'reason' | 'fields'>

function readHead(text: string): Head {
  const [line = '', ...fields] = text.split('\r\n')
  const [, status = '', reason = ''] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/s.exec(line) ?? []
  if (status === '') throw new Error(`no status line: ${JSON.stringify(line)}`)
  return {
    status: Number(status),
    reason,
    fields: fields.map((field) => {
      const colon = field.indexOf(':')
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()]
    })
  }
}

interface Body {
  text: string
  /** How much of the input it took. */
  length: number
  trailers: string[]
}

function readBody(head: Head, input: string, method: string, ended: boolean): Body | null {
  const whole = (length: number): Body => ({ text: input.slice(0, length), length, trailers: [] })
  const { status } = head
  if (method === 'HEAD' || status === 204 || status === 304 || status === 101) return whole(0)
  if (valuesOf(head, 'transfer-encoding').length > 0) return readChunks(input)
  const [length] = valuesOf(head, 'content-length')
  if (length !== undefined) return input.length >= Number(length) ? whole(Number(length)) : null
  return ended ? whole(input.length) : null
}

function readChunks(input: string): Body | null {
  let text = ''
  let at = 0
  for (;;) {
    const lineEnd = input.indexOf('\r\n', at)
    if (lineEnd === -1) return null
    const size = Number.parseInt(input.slice(at, lineEnd), 16)
    at = lineEnd + 2
    if (size === 0) break
    if (input.length < at + size + 2) return null
    text += input.slice(at, at + size)
    at += size + 2
  }
  const end = `\r\n${input.slice(at)}`.indexOf(HEAD_END)
  if (end === -1) return null
  const section = input.slice(at, Math.max(at, at + end - 2))
  return { text, length: at + end + 2, trailers: section === '' ? [] : section.split('\r\n') }
}
