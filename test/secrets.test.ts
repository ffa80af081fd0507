import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from './helpers/load.ts'
import { type GatewayProcess, intermission, startGateway } from './helpers/process.ts'
import { startRedis } from './helpers/redis.ts'
import { waitUntil } from './helpers/store-contract.ts'
import { tempDir } from './helpers/temp-dir.ts'
import { okUpstream } from './helpers/upstream.ts'

/** All that is configured or sent here and is nobody else's business. None of them contains another one. */
const SECRETS = {
  adminToken: 'SECRET-admin-token-0123456789',
  bypassToken: 'SECRET-bypass-token-0123456789',
  bypassTokenOfFile: 'SECRET-file-token-0123456789',
  storePassword: 'SECRET-store-password',
  authorization: 'Basic SECRET-of-a-visitor',
  cookie: 'session=SECRET-session',
  query: 'SECRET-in-a-query'
}

for (const format of ['json', 'combined']) {
  test(`no secret is in the log (${format}), the status, the configuration or any answer`, async (t) => {
    const redis = await startRedis(t, { args: ['--requirepass', SECRETS.storePassword] })
    if (redis === undefined) return
    const app = await okUpstream(t)
    const dir = tempDir(t)
    const tokenFile = join(dir, 'bypass-tokens')
    writeFileSync(tokenFile, `${SECRETS.bypassTokenOfFile}\n`, { mode: 0o600 })
    const flags = [
      ...['--upstream', app.url, '--bypass-token', SECRETS.bypassToken, '--bypass-token-file', tokenFile],
      ...['--store', `redis://:${SECRETS.storePassword}@127.0.0.1:${redis.port}`]
    ]
    const env = { INTERMISSION_ADMIN_TOKEN: SECRETS.adminToken }
    const gateway = await startGateway(t, [...flags, '--access-log', format, '--log-level', 'debug'], { env })
    const call = callAs(gateway)
    let token = ''
    // The store is found within a second or two.
    await waitUntil(async () => {
      const link = await call('POST', '/bypass-links', { label: 'for a tester' })
      token = (JSON.parse(link) as { token?: string }).token ?? ''
      return token !== ''
    })

    const shown: Record<string, string> = {}
    await call('PUT', '/maintenance', { message: 'Back soon', reason: 'a test', by: 'ada' })
    for (const path of [
      '/status',
      '/maintenance',
      '/bypass-links',
      '/history',
      '/schedule',
      '/fleet',
      '/metrics'
    ])
      shown[path] = await call('GET', path)
    shown['/openapi.json'] = await call('GET', '/openapi.json')
    shown['/'] = await call('GET', '/')
    shown['a refusal'] = await call('GET', '/status', undefined, `${SECRETS.adminToken}x`)
    const { authorization, cookie } = SECRETS
    const headers = { authorization, cookie, referer: 'http://other.test/' }
    shown.visitor = (await ask(gateway.url, { headers, path: `/?token=${SECRETS.query}` })).body
    for (const own of [SECRETS.bypassToken, SECRETS.bypassTokenOfFile, token, `${SECRETS.bypassToken}x`])
      shown.bypass = (await ask(gateway.url, { headers: { 'intermission-bypass': own } })).body
    shown.link = (await ask(gateway.url, { path: `/.intermission/bypass?token=${token}` })).body
    shown.forged = (await ask(gateway.url, { path: `/.intermission/bypass?token=${token}x` })).body

    for (const more of [[], ['--json']]) {
      const { stdout, stderr } = await intermission(t, ['check', ...flags, ...more], { env })
      shown[`check ${more.join()}`] = stdout + stderr
      const server = ['--admin', new URL(gateway.adminUrl).host]
      const status = await intermission(t, ['status', ...server, ...more], { env })
      assert.match(status.stdout, /maintenance/)
      shown[`status ${more.join()}`] = status.stdout + status.stderr
    }
    // A store that is gone is complained of by its address.
    await redis.process.stop()
    await sleep(1500)
    shown['/status without a store'] = await call('GET', '/status')
    await gateway.stop()
    shown.stdout = gateway.stdout
    shown.stderr = gateway.stderr

    assert.match(gateway.stdout, /cannot be used: connect ECONNREFUSED/, 'it complained of the store')
    for (const [where, text] of Object.entries(shown)) {
      for (const [what, secret] of Object.entries({ ...SECRETS, link: token }))
        assert.ok(!text.includes(secret), `${where} shows ${what}: ${around(text, secret)}`)
    }
  })
}

function callAs(gateway: GatewayProcess) {
  return async (method: string, path: string, body?: object, token = SECRETS.adminToken): Promise<string> => {
    const type = body && { 'content-type': 'application/json' }
    const response = await fetch(gateway.adminUrl + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...type },
      body: body ? JSON.stringify(body) : null
    })
    return response.text()
  }
}

function around(text: string, secret: string): string {
  const at = text.indexOf(secret)
  return text.slice(Math.max(0, at - 100), at + secret.length + 20)
}
