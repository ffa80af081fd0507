/** Options of the public listeners, in the order of help and README. */

import { http2Weakness } from '../http2-safety.ts'
import { openFilesLimit, USUAL_OPEN_FILES } from '../open-files.ts'
import type { OptionSpec, OptionTable } from './option.ts'
import { choice, duration, onOff } from './option-kinds.ts'
import * as read from './readers.ts'

type ListenerSetting =
  | 'tlsCert'
  | 'tlsKey'
  | 'redirectListen'
  | 'http2'
  | 'h2c'
  | 'proxyProtocol'
  | 'maxConnections'
  | 'maxConnectionsPerAddress'
  | 'maxHeaderBytes'
  | 'headTimeoutMs'
  | 'keepAliveTimeoutMs'
  | 'clientIdleTimeoutMs'
  | 'unknownHost'

export const LISTENER_OPTIONS: Pick<OptionTable, ListenerSetting> = {
  tlsCert: paths(
    'tlsCert',
    'PEM certificate chain: addresses of listen speak HTTPS and HTTP/2; of several pairs, the name asked for picks one'
  ),
  tlsKey: paths('tlsKey', 'PEM key of that certificate; as many as certificates, in the same order'),
  redirectListen: {
    name: 'redirectListen',
    metavar: 'ADDR',
    list: true,
    description: 'plain listener that sends every visitor to https:// of the same host and path, on port 443',
    defaultText: 'none',
    read: read.readPlainListen,
    fallback: () => [],
    show: (addresses) => addresses.map(read.listenText)
  },
  http2: {
    ...onOff('http2', 'on', 'offer HTTP/2 on https listeners'),
    defaultText: 'on, unless the HTTP/2 of this Node can be made to end the process (Node 20)',
    fallback: () => http2Weakness() === null
  },
  h2c: onOff('h2c', 'off', 'also speak HTTP/2 without TLS, to clients that begin with it'),
  proxyProtocol: onOff(
    'proxyProtocol',
    'off',
    'connections from trustProxy begin with a PROXY header, version 1 or 2, which names the visitor'
  ),
  maxConnections: {
    name: 'maxConnections',
    metavar: 'N',
    scalar: 'number',
    description: 'connections of visitors at once; those beyond are cut',
    defaultText: 'half of the files that the process may open, since a request may need a second connection',
    read: read.readCount,
    fallback: () => Math.floor((openFilesLimit() ?? USUAL_OPEN_FILES) / 2)
  },
  maxConnectionsPerAddress: {
    name: 'maxConnectionsPerAddress',
    metavar: 'N',
    scalar: 'number',
    description: 'the same for each address (for each /64 of IPv6), peers in trustProxy left out',
    defaultText: 'no limit',
    read: read.readCount,
    fallback: () => 0
  },
  maxHeaderBytes: {
    name: 'maxHeaderSize',
    metavar: 'SIZE',
    description: 'largest request line and fields together, from 1k to 1m; larger ones are answered with 431',
    defaultText: '32k',
    read: (text) => read.readSize(text, 1024, 1_048_576),
    fallback: () => 32_768,
    show: read.sizeText
  },
  headTimeoutMs: duration('headTimeout', '15s', 'longest time for the head of a request; then it is 408'),
  keepAliveTimeoutMs: duration(
    'keepAliveTimeout',
    '75s',
    'how long a connection is kept for the next request; longer than what a load balancer in front does'
  ),
  clientIdleTimeoutMs: duration(
    'clientIdleTimeout',
    '60s',
    'longest silence of a visitor who has a body to send or an answer to read'
  ),
  unknownHost: choice(
    'unknownHost',
    ['default', 'refuse'],
    'who answers a host name that no site has: the site default, which is what has no site of its own, or nobody (421)'
  )
}

function paths(name: string, description: string): OptionSpec<string[]> {
  return {
    name,
    metavar: 'FILE',
    list: true,
    description,
    defaultText: 'none',
    read: read.readPaths,
    fallback: () => []
  }
}
