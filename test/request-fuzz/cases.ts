/** Makes requests as clients send them, and damages them as no client should. */
import { makeBody, makeChunks } from '../fuzz/bodies.ts'
import { mutate } from '../fuzz/mutations.ts'
import { createRandom, type Random } from '../fuzz/random.ts'
import { CROOKED_FIELDS, NAMES, SPACES, VALUES } from '../fuzz/spellings.ts'

/** Comes last in every case. Whoever sees it as a request of its own has found the ends of those before it. */
export const SENTINEL = 'GET /sentinel HTTP/1.1\r\nHost: sentinel\r\nConnection: close\r\n\r\n'

const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH']
const ODD_METHODS = ['get', 'FROB', 'TRACE', 'CONNECT', 'G ET', 'POST\t', '', 'PRI', 'SOURCE', 'M-SEARCH']
const TARGETS = ['/', '/a', '/a/b?c=d', '/%41', '/a//b', '/?', '/a;b=c', '/..%2f', '/a?b?c']
const ODD_TARGETS = [
  '*',
  'a',
  '//',
  '/../x',
  'http://h/a',
  'http://other/a',
  '/a b',
  '/\xe9',
  '/a%',
  '/a%00',
  '/\\x',
  'h:80',
  '?'
]
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0']
const ODD_VERSIONS = ['HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', 'HTTP/11', 'HTTP/1', '']
const HOSTS = ['Host: h', 'Host: h:80', 'host:h', 'HOST: h ']
const ODD_HOSTS = [
  'Host:',
  'Host: a b',
  'Host: me@h',
  'Host: h\r\nHost: h',
  'Host: h\r\nHost: other',
  'X: no host'
]
const CONNECTIONS = [
  'Connection: keep-alive',
  'Connection: close',
  'Connection: X-A, close',
  'Connection: content-length',
  'Connection: host, transfer-encoding'
]
const EXPECTATIONS = ['Expect: 100-continue', 'Expect: x']

/** The bytes of one connection, in latin1. */
export function makeRequests(seed: number, number: number): string {
  const random = createRandom(seed, number)
  let text = ''
  for (let more = true; more; more = random.oneIn(3)) text += makeRequest(random)
  if (!random.oneIn(6)) text = mutate(random, text)
  return text
}

function makeRequest(random: Random): string {
  const odd = (usual: readonly string[], unusual: readonly string[]): string =>
    random.pick(random.oneIn(15) ? unusual : usual)
  const method = odd(METHODS, ODD_METHODS)
  const lines = [`${method} ${odd(TARGETS, ODD_TARGETS)} ${odd(VERSIONS, ODD_VERSIONS)}`]
  const fields = [odd(HOSTS, ODD_HOSTS)]
  for (let more = random.below(4); more > 0; more--)
    fields.push(`${random.pick(NAMES)}:${random.pick(SPACES)}${random.pick(VALUES)}`)
  if (random.oneIn(8)) fields.push(random.pick(CONNECTIONS))
  if (random.oneIn(20)) fields.push(random.pick(EXPECTATIONS))
  if (random.oneIn(10)) fields.push(random.pick(CROOKED_FIELDS))
  const body = makeBody(random)
  let sent = ''
  if (method === 'POST' || method === 'PUT' || random.oneIn(8)) {
    if (random.oneIn(2)) {
      fields.push(`Content-Length: ${body.length}`)
      sent = body
    } else {
      fields.push('Transfer-Encoding: chunked')
      sent = makeChunks(random, body).text
    }
  }
  return `${[...lines, ...shuffled(random, fields)].join('\r\n')}\r\n\r\n${sent}`
}

function shuffled(random: Random, list: string[]): string[] {
  for (let at = list.length - 1; at > 0; at--) {
    const other = random.below(at + 1)
    ;[list[at], list[other]] = [list[other]!, list[at]!]
  }
  return list
}
