import assert from 'node:assert/strict'
import test from 'node:test'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { OTHER_ROUTES } from '../../src/admin/open-api.ts'
import { ENTER_BODY, LEAVE_BODY } from '../../src/admin/schemas.ts'
import { ENTER_FIELDS, LEAVE_FIELDS } from '../../src/state/request.ts'
import { type AdminApi, type Answer, startAdmin } from '../helpers/admin.ts'

interface Operation {
  requestBody?: object
  responses: Record<string, { content: Record<string, { schema: { $ref: string } }> }>
}
interface Description {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: object }
}

async function describe({ call }: AdminApi): Promise<Description> {
  const { status, body } = await call('GET', '/openapi.json')
  assert.equal(status, 200)
  return body as unknown as Description
}

/** Checks answers against the description that the API gives of itself. */
async function checker(api: AdminApi): Promise<(method: string, path: string, answer: Answer) => void> {
  const { paths, components } = await describe(api)
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: 'api:', components })
  return (method, path, { status, body }) => {
    const { responses } = paths[path]![method.toLowerCase()]!
    const said = responses[status] ?? (status >= 400 ? responses.default : undefined)
    assert.ok(said, `${method} ${path} answered ${status}: ${JSON.stringify(body)}`)
    const [{ schema }] = Object.values(said.content) as [{ schema: { $ref: string } }]
    const fits = ajv.getSchema(`api:${schema.$ref}`) as ValidateFunction
    assert.ok(fits(body), `${method} ${path} ${status}: ${ajv.errorsText(fits.errors)}`)
  }
}

test('every route is described, and every description is of a route', async (t) => {
  const api = await startAdmin(t, { metrics: () => '' })
  const { paths, openapi } = await describe(api)
  assert.equal(openapi, '3.1.0')
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`)
  )
  for (const one of described) {
    const [method = '', path = ''] = one.split(' ')
    assert.ok(api.app.hasRoute({ method, url: path.replace(/\{(\w+)\}/g, ':$1') }), one)
  }
  // Of each address all methods are routed, most of them to a 405.
  const urls = new Set(described.map((one) => one.split(' ')[1]!))
  const printed = api.app.printRoutes({ commonPrefix: false })
  const routed = [...printed.matchAll(/^\W*(\/[\w./:-]*)/gm)].map(([, url = '']) => url)
  for (const url of new Set(routed)) {
    if (url === '/') continue
    assert.ok(
      [...urls].some((path) => path.replace(/\{(\w+)\}/g, ':$1').endsWith(url)),
      `${url} in\n${printed}`
    )
  }
  for (const { path, method } of OTHER_ROUTES) assert.ok(described.includes(`${method} ${path}`))
})

test('what is answered is as it is described', async (t) => {
  for (const sites of [['default'], ['shop', 'blog']]) {
    const upstreams = [
      { name: 'http://a', breaker: 'open' as const, isHealthy: true, busy: 0, connections: 0 }
    ]
    const api = await startAdmin(t, { sites, status: { site: () => ({ upstreams, oldestInFlightMs: 1.5 }) } })
    const check = await checker(api)
    const call = async (method: string, path: string, template = path, body?: object): Promise<Answer> => {
      const answer = await api.call(method, path, body)
      check(method, template, answer)
      return answer
    }
    const site = `/sites/${sites[0]!}/maintenance`
    const template = '/sites/{site}/maintenance'
    for (const mode of ['maintenance', 'read-only', 'hold']) {
      await call('PUT', '/maintenance', undefined, { mode, for: '1h', message: 'x', retryAfter: '5m' })
      await call('GET', site, template)
      await call('PUT', site, template, { mode, paths: ['/a/*'], exceptPaths: ['/a/b'] })
      await call('GET', '/maintenance')
    }
    await call('DELETE', site, template)
    await call('DELETE', '/maintenance')
    await call('PUT', '/maintenance', undefined, { mode: 'nonsense' })
    await call('GET', '/sites/elsewhere/maintenance', template)
    const from = new Date(Date.now() + 60_000).toISOString()
    const window = await call('POST', '/schedule', undefined, { from, for: '1h', mode: 'hold' })
    await call('GET', '/schedule')
    await call('GET', '/status')
    await call('DELETE', `/schedule/${String(window.body.id)}`, '/schedule/{id}')
    await call('DELETE', '/schedule/none', '/schedule/{id}')
    const link = await call('POST', '/bypass-links', undefined, { label: 'testers' })
    await call('GET', '/bypass-links')
    await call('DELETE', `/bypass-links/${String(link.body.id)}`, '/bypass-links/{id}')
    for (const path of ['/history', '/fleet', '/livez', '/readyz', '/openapi.json']) await call('GET', path)
    await call('DELETE', '/fleet/none', '/fleet/{member}')
  }
})

test('a body may have the fields that a change may have, but for the revision, which is If-Match', () => {
  const without = (fields: ReadonlySet<string>): string[] => [...fields].filter((one) => one !== 'ifRevision')
  assert.deepEqual(Object.keys(ENTER_BODY).sort(), without(ENTER_FIELDS).sort())
  assert.deepEqual(Object.keys(LEAVE_BODY).sort(), without(LEAVE_FIELDS).sort())
})
