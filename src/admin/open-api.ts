import type { RouteDescription } from './route.ts'
import { SCHEMAS } from './schemas.ts'

/** Routes that are no plain question and answer. */
export const OTHER_ROUTES: readonly RouteDescription[] = [
  {
    method: 'GET',
    path: '/events',
    summary: 'server-sent events: the whole status as event "status", at once and whenever it changes',
    answers: { 200: ['an endless stream', 'Status'] }
  },
  {
    method: 'GET',
    path: '/livez',
    summary: 'the process lives; needs no token',
    answers: { 200: ['it does', 'Probe'] }
  },
  {
    method: 'GET',
    path: '/readyz',
    summary: 'it may receive traffic: 503 while stopping; needs no token',
    answers: { 200: ['it may', 'Probe'] }
  },
  {
    method: 'GET',
    path: '/',
    summary: 'the admin page; needs no token itself',
    answers: { 200: ['HTML', 'Page'] }
  },
  {
    method: 'GET',
    path: '/preview/{id}',
    summary: 'a page that was made to be looked at; needs no token',
    answers: { 200: ['the page as visitors would get it', 'Page'] }
  },
  {
    method: 'GET',
    path: '/metrics',
    summary: 'numbers for Prometheus, where they are counted',
    answers: { 200: ['text in the format of Prometheus', 'Metrics'] }
  },
  {
    method: 'GET',
    path: '/openapi.json',
    summary: 'this description',
    answers: { 200: ['OpenAPI 3.1', 'Description'] }
  }
]

const TYPES: Readonly<Record<string, string>> = {
  '/': 'text/html',
  '/preview/{id}': 'text/html',
  '/events': 'text/event-stream',
  '/metrics': 'text/plain'
}
const WITHOUT_TOKEN = ['/livez', '/readyz', '/', '/preview/{id}']

/** Describes routes in OpenAPI 3.1. */
export function openApi(routes: readonly RouteDescription[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'The admin API of Intermission', version },
    security: [{ token: [] }],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } }
    }
  }
}

function operationOf({ path, method, summary, body, answers }: RouteDescription): object {
  const parameters: object[] = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' }
  }))
  if (method !== 'GET') {
    const description = 'only when this is still the revision, in quotes; else 412'
    parameters.push({ name: 'If-Match', in: 'header', description, schema: { type: 'string' } })
  }
  const type = TYPES[path] ?? 'application/json'
  const responses = Object.entries(answers).map(([status, [description, schema]]) => [
    status,
    { description, content: { [type]: { schema: { $ref: `#/components/schemas/${schema}` } } } }
  ])
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: requestOf(body) }),
    ...(WITHOUT_TOKEN.includes(path) ? { security: [] } : {}),
    responses: { ...Object.fromEntries(responses), default: PROBLEM }
  }
}

function requestOf(properties: NonNullable<RouteDescription['body']>): object {
  const schema = { type: 'object', properties, additionalProperties: false }
  return { content: { 'application/json': { schema } } }
}

const PROBLEM = {
  description: 'it went wrong; a problem (RFC 9457) says what',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
}
