/** Options that may differ from site to site, in the order of help and README. */
import * as brand from './brand-readers.ts'
import type { OptionSpec, OptionTable } from './option.ts'
import { choice, duration, onOff, path } from './option-kinds.ts'
import * as read from './readers.ts'
import type { SiteOptions } from './settings.ts'
import * as site from './site-readers.ts'

export const SITE_OPTIONS: Pick<OptionTable, keyof SiteOptions> = {
  hosts: texts(
    'hosts',
    'HOST',
    'host names that lead to the site: shop.example, or *.shop.example for all below it',
    site.readHostName
  ),
  upstream: {
    name: 'upstream',
    metavar: 'URL',
    list: true,
    description:
      'the web app: http://host:port, https://host:port or unix:/path.sock; several share the work',
    defaultText: 'http://127.0.0.1:3000',
    read: site.readUpstream,
    fallback: () => ['http://127.0.0.1:3000']
  },
  balance: choice(
    'balance',
    ['least-busy', 'round-robin'],
    'which of several upstreams gets the next request'
  ),
  maxRequests: {
    name: 'maxRequests',
    metavar: 'N',
    scalar: 'number',
    description: 'requests at once; those beyond are answered with 503',
    defaultText: 'no limit',
    read: read.readCount,
    fallback: () => 0
  },
  healthCheck: {
    name: 'healthCheck',
    metavar: 'tcp|PATH',
    description: 'look after the upstreams: by a connection, or by a path that must answer 200 to 399',
    defaultText: 'none',
    read: site.readHealthCheck,
    fallback: () => null
  },
  healthIntervalMs: duration('healthInterval', '5s', 'time between two health checks'),
  upstreamCa: path(
    'upstreamCa',
    'FILE',
    'PEM certificates to verify an https upstream with',
    'the well-known ones'
  ),
  upstreamName: {
    name: 'upstreamName',
    metavar: 'NAME',
    description: 'the name that the certificate of an https upstream must have',
    defaultText: 'the host of its URL',
    read: site.readServerName,
    fallback: () => null
  },
  upstreamCert: path(
    'upstreamCert',
    'FILE',
    'our own PEM certificate, for an https upstream that asks for one'
  ),
  upstreamKey: path('upstreamKey', 'FILE', 'the key of that certificate'),
  upstreamVerify: onOff(
    'upstreamVerify',
    'on',
    'verify the certificate of an https upstream; off lets anybody in between read along'
  ),
  connectTimeoutMs: duration('connectTimeout', '2s', 'longest wait for a connection to the upstream'),
  responseTimeoutMs: duration(
    'responseTimeout',
    '60s',
    "longest wait for the first byte of the upstream's answer"
  ),
  idleTimeoutMs: duration('idleTimeout', '60s', "longest silence within the upstream's answer"),
  abandonedTimeoutMs: duration(
    'abandonedTimeout',
    '10s',
    'how long an app may go on with a request that was given up, as by a visitor who left: a drain waits for that',
    0
  ),
  holdOnRefusedMs: duration(
    'holdOnRefused',
    '0s',
    'hold requests this long while the upstream refuses connections, as in a restart',
    0
  ),
  interceptErrors: {
    name: 'interceptErrors',
    metavar: 'CODES',
    list: true,
    scalar: 'number',
    description: 'statuses of the upstream that our page replaces, such as 500,502-504',
    defaultText: 'none',
    read: site.readStatuses,
    fallback: () => [],
    tidy: (codes) => [...new Set(codes)].sort((one, other) => one - other)
  },
  static: path('static', 'DIR', 'files tried before the upstream'),
  staticPrecompressed: onOff(
    'staticPrecompressed',
    'off',
    'serve FILE.br and FILE.gz beside a file to clients that take them'
  ),
  pages: path(
    'pages',
    'DIR',
    'your own error pages, such as 50x.html and maintenance.html',
    'built-in pages'
  ),
  brandName: {
    name: 'brandName',
    metavar: 'TEXT',
    description: 'the name of the site, for the built-in pages',
    defaultText: 'none',
    read: brand.readBrandName,
    fallback: () => null
  },
  brandColor: {
    name: 'brandColor',
    metavar: 'COLOR',
    description: 'its colour, such as #06c; made lighter or darker where it could not be read',
    defaultText: 'a blue',
    read: brand.readColor,
    fallback: () => null
  },
  brandLogo: {
    ...path(
      'brandLogo',
      'FILE',
      'its logo: an image in the folder of the pages, a small one elsewhere, or a data: URL'
    ),
    read: brand.readLogo
  },
  supportUrl: {
    name: 'supportUrl',
    metavar: 'URL',
    description: 'where visitors find help: https:, mailto:, tel: or a path',
    defaultText: 'none',
    read: brand.readSupportUrl,
    fallback: () => null
  },
  returnSpreadMs: duration(
    'returnSpread',
    '2s',
    'over how long those who wait for the app return, so that they do not come all at once',
    0
  ),
  bypassAddress: texts(
    'bypassAddress',
    'CIDR',
    'whose requests pass while the site is closed: addresses or CIDR blocks',
    site.readBlock
  ),
  bypassPath: texts(
    'bypassPath',
    'PATH',
    'paths that stay open while the site is closed: /path, or /prefix/* for all below it',
    site.readPathRule
  ),
  bypassToken: {
    ...texts(
      'bypassToken',
      'TOKEN',
      'lets requests pass that send it as Intermission-Bypass, at least 16 characters; or sha256: and its digest',
      site.readBypassToken
    ),
    secret: true
  },
  bypassTokenFile: path('bypassTokenFile', 'FILE', 'file with more of those tokens, one a line'),
  probePath: texts(
    'probePath',
    'PATH',
    'paths that the gateway itself answers with 200 while the site is closed, so that a load balancer keeps it',
    site.readPath
  ),
  holdLimit: {
    name: 'holdLimit',
    metavar: 'N',
    scalar: 'number',
    description: 'requests that may wait at once in the mode hold; those beyond are answered with 503',
    defaultText: '5000',
    read: site.readHoldLimit,
    fallback: () => 5000
  },
  websockets: choice(
    'websockets',
    ['close', 'leave'],
    'what becomes of WebSockets and other upgraded connections when the site closes'
  )
}

function texts(
  name: string,
  metavar: string,
  description: string,
  read: (text: string) => string[]
): OptionSpec<string[]> {
  return { name, metavar, list: true, description, defaultText: 'none', read, fallback: () => [] }
}
