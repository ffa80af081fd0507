import assert from 'node:assert/strict'
import test from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import admin, { type AdminOptions } from '../plugins/admin.ts'
import errorPages from '../plugins/error-pages.ts'
import maintenance from '../plugins/maintenance.ts'
import metrics from '../plugins/metrics.ts'
import proxy from '../plugins/proxy.ts'
import staticFirst from '../plugins/static-first.ts'
import { tempDir } from './helpers/temp-dir.ts'

const upstream = 'http://127.0.0.1:1'

test('a plugin refuses an option that it does not have, and says which one was meant', async (t) => {
  const root = tempDir(t)
  const slips: [register: (app: FastifyInstance) => unknown, message: string][] = [
    [
      (app) => app.register(proxy, { upstream, responseTimeout: '3s' } as object as { upstream: string }),
      'proxy: there is no option responseTimeout; did you mean responseTimeoutMs?'
    ],
    [
      (app) => app.register(maintenance, { bypasTokens: ['a secret'] } as object),
      'maintenance: there is no option bypasTokens; did you mean bypassTokens?'
    ],
    [
      (app) => app.register(errorPages, { pages: 'errors' } as object),
      'error-pages: there is no option pages; expected one of dir, brand, returnSpreadMs'
    ],
    [
      (app) => app.register(errorPages, { brand: { colour: '#06c' } as object }),
      'error-pages: brand: there is no option colour; did you mean color?'
    ],
    [
      (app) => app.register(proxy, { upstream, upstreamTls: { ca: 'ca.pem' } as object }),
      'proxy: upstreamTls: there is no option ca; expected one of caFile, name, certFile, keyFile, verify'
    ],
    [
      (app) => app.register(staticFirst, { root, followlinks: true } as object as { root: string }),
      'static-first: there is no option followlinks; did you mean followLinks?'
    ],
    [
      (app) => app.register(metrics, { paths: '/metrics' } as object),
      'metrics: there is no option paths; did you mean path?'
    ],
    [
      (app) =>
        app.register(admin, {
          tokens: ['x'.repeat(16)],
          host: ['a.example']
        } as object as AdminOptions),
      'admin: there is no option host; did you mean hosts?'
    ]
  ]
  for (const [register, message] of slips) {
    const app = Fastify()
    t.after(() => app.close())
    await assert.rejects(async () => register(app), { code: 'ERR_PLUGIN_MISUSE', message })
  }
})

test('a prefix, which would do nothing, is refused with what to do instead', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  const mistaken = app.register(proxy, { upstream, prefix: '/api' })
  await assert.rejects(async () => mistaken, {
    code: 'ERR_PLUGIN_MISUSE',
    message: 'proxy: there is no option prefix; register it within a plugin of yours that has the prefix'
  })

  const right = Fastify()
  t.after(() => right.close())
  await right.register(async (child) => child.register(proxy, { upstream }), { prefix: '/api' })
  assert.equal((await right.inject('/elsewhere')).statusCode, 404)
  assert.equal((await right.inject('/api/here')).statusCode, 502)
})

test('what Fastify reads of the options of every plugin is no slip', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(maintenance, { logLevel: 'warn' })
  assert.equal(app.maintenance.state.mode, 'live')
})

test('a route that says something of itself which nobody reads is refused by name', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(maintenance)
  const routeWith = (intermission: object): unknown =>
    app.get('/health', { config: { intermission } }, () => 'ok')
  assert.throws(() => routeWith({ bypas: true }), {
    code: 'ERR_PLUGIN_MISUSE',
    message: 'config.intermission of the route /health: there is no option bypas; did you mean bypass?'
  })
  assert.throws(() => routeWith({ bypass: 'yes' }), {
    code: 'ERR_INPUT_INVALID',
    message: 'config.intermission.bypass of the route /health: "yes" is not allowed; expected true or false'
  })
  routeWith({ bypass: true })
})

test('a value of another type is refused by the name of its option', async (t) => {
  const wrong: [register: (app: FastifyInstance) => unknown, message: string][] = [
    [
      (app) => app.register(errorPages, { brand: { name: 5 } as object }),
      'brandName: 5 is not allowed; expected a text of 1 to 80 characters on one line'
    ],
    [
      (app) => app.register(proxy, { upstream, interceptErrors: '500' as unknown as number[] }),
      'interceptErrors: "500" is not allowed; expected a list of statuses'
    ]
  ]
  for (const [register, message] of wrong) {
    const app = Fastify()
    t.after(() => app.close())
    await assert.rejects(async () => register(app), { code: 'ERR_INPUT_INVALID', message })
  }
})
