import assert from 'node:assert/strict'
import test from 'node:test'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import Fastify from 'fastify'
import { errorPages, maintenance, proxy } from '../../src/index.ts'
import { okUpstream, type SeenRequest } from '../helpers/upstream.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`

// What docs/observing.md says about it.
test('@fastify/otel sees a span of every request, in its trace, and the app sees the same trace', async (t) => {
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  provider.register()
  t.after(() => provider.shutdown())
  const otel = new FastifyOtelInstrumentation()
  otel.setTracerProvider(provider)
  const upstream = await okUpstream(t)
  const app = Fastify()
  t.after(() => app.close())
  await app.register(otel.plugin())
  await app.register(errorPages)
  await app.register(maintenance)
  await app.register(proxy, { upstream: upstream.url })
  const url = await app.listen({ port: 0 })

  const live = await fetch(`${url}/live`, { headers: { traceparent: PARENT } })
  const seen = (await live.json()) as SeenRequest
  assert.ok(seen.rawHeaders.includes(PARENT), 'the app gets the trace as it came')
  await app.maintenance.enter()
  await (await fetch(`${url}/closed`, { headers: { traceparent: PARENT } })).text()

  const requests = (): ReturnType<InMemorySpanExporter['getFinishedSpans']> =>
    exporter.getFinishedSpans().filter(({ name }) => name === 'request')
  while (requests().length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(
    requests().map(({ attributes }) => [attributes['url.path'], attributes['http.response.status_code']]),
    [
      ['/live', 200],
      ['/closed', 503]
    ]
  )
  for (const span of requests()) {
    assert.equal(span.spanContext().traceId, TRACE)
    assert.equal(span.parentSpanContext?.spanId, '00f067aa0ba902b7')
  }
})
