import type { OptionValues } from '../../src/config/settings.ts'

/** Where relative paths begin. */
export const CWD = '/srv/app'
/** One good value for each option, as text and as it must come out. */
export const EXAMPLES: { [K in keyof OptionValues]: readonly [text: string, value: OptionValues[K]] } = {
  listen: [
    '127.0.0.1:81,[::1]:82',
    [
      { kind: 'tcp', host: '127.0.0.1', port: 81 },
      { kind: 'tcp', host: '::1', port: 82 }
    ]
  ],
  tlsCert: ['a.pem, b.pem', ['/srv/app/a.pem', '/srv/app/b.pem']],
  tlsKey: ['a.key, b.key', ['/srv/app/a.key', '/srv/app/b.key']],
  redirectListen: ['127.0.0.1:80', [{ kind: 'tcp', host: '127.0.0.1', port: 80 }]],
  http2: ['off', false],
  h2c: ['on', true],
  proxyProtocol: ['on', true],
  maxConnections: ['0', 0],
  maxConnectionsPerAddress: ['64', 64],
  maxHeaderBytes: ['16k', 16_384],
  headTimeoutMs: ['5s', 5000],
  keepAliveTimeoutMs: ['2m', 120_000],
  clientIdleTimeoutMs: ['2m', 120_000],
  unknownHost: ['refuse', 'refuse'],
  hosts: ['Shop.example., *.shop.example', ['shop.example', '*.shop.example']],
  maxRequests: ['1000', 1000],
  upstream: ['unix:/run/app.sock, https://app/', ['unix:/run/app.sock', 'https://app']],
  balance: ['round-robin', 'round-robin'],
  healthCheck: ['/healthz?full', '/healthz?full'],
  healthIntervalMs: ['2s', 2000],
  upstreamCa: ['ca.pem', '/srv/app/ca.pem'],
  upstreamName: ['app.test', 'app.test'],
  upstreamCert: ['cert.pem', '/srv/app/cert.pem'],
  upstreamKey: ['key.pem', '/srv/app/key.pem'],
  upstreamVerify: ['off', false],
  static: ['public', '/srv/app/public'],
  staticPrecompressed: ['on', true],
  pages: ['/srv/pages', '/srv/pages'],
  brandName: ['The Shop', 'The Shop'],
  brandColor: ['#06c', '#06c'],
  brandLogo: ['logo.svg', '/srv/app/logo.svg'],
  supportUrl: ['mailto:help@shop.example', 'mailto:help@shop.example'],
  returnSpreadMs: ['0s', 0],
  bypassAddress: ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
  bypassPath: ['/healthz, /static/*', ['/healthz', '/static/*']],
  bypassToken: ['a-token-of-24-characters', ['a-token-of-24-characters']],
  bypassTokenFile: ['tokens', '/srv/app/tokens'],
  probePath: ['/healthz', ['/healthz']],
  holdLimit: ['100', 100],
  websockets: ['leave', 'leave'],
  admin: ['unix:/run/admin.sock', { kind: 'unix', path: '/run/admin.sock' }],
  adminPath: ['/-/admin', '/-/admin'],
  adminToken: ['a-token-of-24-characters', 'a-token-of-24-characters'],
  adminTokenFile: ['token', '/srv/app/token'],
  adminOperatorsFile: ['operators', '/srv/app/operators'],
  adminInsecure: ['on', true],
  adminHost: ['Admin.example:81', ['admin.example:81']],
  stateDir: ['state', '/srv/app/state'],
  store: ['file:s.json', 'file:/srv/app/s.json'],
  workers: ['3', 3],
  storeCa: ['ca.pem', '/srv/app/ca.pem'],
  fleet: ['shop', 'shop'],
  fencing: ['strict', 'strict'],
  coldStart: ['hold', 'hold'],
  coldStartGraceMs: ['1m', 60_000],
  recover: ['true', true],
  trustProxy: ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
  trustForwarded: ['all', 'all'],
  interceptErrors: ['502-504,500,503', [500, 502, 503, 504]],
  connectTimeoutMs: ['500ms', 500],
  responseTimeoutMs: ['1m30s', 90_000],
  idleTimeoutMs: ['PT5M', 300_000],
  abandonedTimeoutMs: ['0s', 0],
  holdOnRefusedMs: ['10s', 10_000],
  webhook: [
    'https://hooks.example/a?b, http://127.0.0.1:81',
    ['https://hooks.example/a?b', 'http://127.0.0.1:81/']
  ],
  webhookSecretFile: ['secret', '/srv/app/secret'],
  drainTimeoutMs: ['0s', 0],
  logLevel: ['silent', 'silent'],
  accessLog: ['combined', 'combined'],
  metrics: ['off', false]
}

/** What some settings are refused without. */
export const COMPANIONS: { [K in keyof OptionValues]?: Record<string, string> } = {
  tlsCert: { tlsKey: 'a.key, b.key' },
  tlsKey: { tlsCert: 'a.pem, b.pem' },
  redirectListen: { tlsCert: 'a.pem', tlsKey: 'a.key' },
  proxyProtocol: { trustProxy: '10.0.0.1' },
  webhook: { webhookSecretFile: 'secret' },
  unknownHost: { hosts: 'shop.example' }
}
