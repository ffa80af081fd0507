import { type BadInput, fields, HOST, refused } from './case.ts'

/** Hosts and other fields. */
export const FIELDS: readonly BadInput[] = [
  refused('no host', 'GET / HTTP/1.1\r\n\r\n'),
  refused('two hosts', fields('Host: other')),
  refused('two equal hosts', fields('Host: h')),
  refused('a host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'),
  refused('a host with a user', 'GET / HTTP/1.1\r\nHost: me@evil.test\r\n\r\n'),
  refused('a host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'),
  refused('a host that is only a port', 'GET / HTTP/1.1\r\nHost: :80\r\n\r\n'),
  {
    name: 'a host that is an IPv6 address',
    bytes: 'GET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n',
    answer: '200',
    app: ['GET /a']
  },
  {
    name: '101 fields',
    bytes: fields(...Array.from({ length: 101 }, (_, n) => `X-${n}: y`)),
    answer: '200',
    app: ['GET /']
  },
  {
    name: '2001 fields',
    bytes: fields(...Array.from({ length: 2001 }, (_, n) => `X-${n}: y`)),
    answer: '200',
    app: ['GET /'],
    head: { has: [/^x-2000: y$/im] }
  },
  refused('more than 32 KiB of fields', fields(`X: ${'y'.repeat(32_768)}`), '431, end'),
  refused('a folded field', fields('X: a', ' b')),
  refused('a space before the colon', fields('X : a')),
  refused('a space in a name', fields('X Y: a')),
  refused('a line without a colon', fields('nothing')),
  refused('a NUL in a name', fields('X\0: a')),
  refused('a NUL in a value', fields('X: a\0b')),
  refused('a CR in a value', fields('X: a\rb')),
  refused('a bell in a value', fields('X: a\x07b')),
  refused('an empty name', fields(': a')),
  refused('lines that end in LF alone', 'GET / HTTP/1.1\nHost: h\n\n', '505, end'),
  refused('one line that ends in LF alone', `GET / HTTP/1.1\r\n${HOST}X: a\n\r\n`),
  refused('a field before the host, behind a space', 'GET / HTTP/1.1\r\n X: a\r\nHost: h\r\n\r\n'),
  {
    name: '`X_Forwarded_For`, which CGI reads as `X-Forwarded-For`',
    bytes: fields('X_Forwarded_For: 1.2.3.4', 'X-Forwarded-For: 1.2.3.4'),
    answer: '200',
    app: ['GET /'],
    head: { has: [/^x-forwarded-for: 127\.0\.0\.1$/im], lacks: [/x_forwarded/i, /1\.2\.3\.4/] }
  },
  {
    name: 'forwarded fields of a stranger',
    bytes: fields(
      'Forwarded: for=1.2.3.4',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: evil',
      'X-Real-IP: 1.2.3.4'
    ),
    answer: '200',
    app: ['GET /'],
    head: { has: [/^x-forwarded-proto: http$/im], lacks: [/1\.2\.3\.4/, /evil/] }
  },
  {
    name: '`Connection` that lists what we add',
    bytes: fields('Connection: close, x-forwarded-for, x-forwarded-proto, host', 'Cookie: a=b'),
    answer: '200, end',
    app: ['GET /'],
    head: { has: [/^x-forwarded-for: 127\.0\.0\.1$/im, /^host: h$/im, /^cookie: a=b$/im] }
  },
  {
    name: '`Connection` that lists a field of the client',
    bytes: fields('Connection: x-own', 'X-Own: secret'),
    answer: '200',
    app: ['GET /'],
    head: { lacks: [/x-own/i] }
  },
  {
    name: 'fields of this hop',
    bytes: fields(
      'Keep-Alive: timeout=5',
      'Proxy-Authorization: x',
      'Proxy-Connection: close',
      'TE: trailers',
      'Trailer: X'
    ),
    answer: '200, end',
    app: ['GET /'],
    head: { lacks: [/^(keep-alive|proxy-|trailer)/im] }
  },
  {
    name: '`Upgrade` without `Connection`',
    bytes: fields('Upgrade: websocket'),
    answer: '200',
    app: ['GET /'],
    head: { lacks: [/^upgrade/im] }
  },
  {
    name: 'an offer of h2c',
    bytes: fields('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'),
    answer: '200',
    app: ['GET /'],
    head: { lacks: [/^(upgrade|http2-settings)/im] }
  },
  {
    name: 'an expectation that nobody knows',
    bytes: fields('Expect: the-moon'),
    answer: '200',
    app: ['GET /'],
    head: { lacks: [/^expect/im] }
  },
  {
    name: '`Accept` of 10 kB',
    bytes: fields(`Accept: ${'a/b,'.repeat(2500)}`),
    answer: '200',
    app: ['GET /']
  },
  {
    name: 'qualities that are no numbers',
    bytes: fields('Accept: */*;q=nan,text/html;q=1e999'),
    answer: '200',
    app: ['GET /']
  },
  {
    name: 'a thousand ranges',
    bytes: fields(`Range: bytes=${Array.from({ length: 1000 }, (_, n) => `${n}-${n}`).join(',')}`),
    answer: '200',
    app: ['GET /']
  }
]
