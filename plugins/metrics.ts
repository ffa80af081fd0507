/**
 * Counts what goes on, for Prometheus: requests, how long they took, the upstreams, the mode.
 *
 * Decorates `fastify.metrics`. Needs nothing; what the plugins maintenance and proxy know is told too when they are in the
 * same app. Register it first: hooks reach only what is registered after them.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { InputError } from '../src/errors.ts'
import { refuseUnknown } from '../src/known-options.ts'
import { processSamples } from '../src/metrics/process-samples.ts'
import { createRequestCounts, type RequestCounts } from '../src/metrics/request-counts.ts'
import { EXPOSITION_TYPE, exposition, type Sample } from '../src/metrics/samples.ts'
import { gateSamples, maintenanceSamples, proxySamples } from '../src/metrics/site-samples.ts'
import { addObserver, answeredStatus, observationOf, observe } from '../src/observation.ts'

/** Where the numbers are told, and under which name. */
export interface MetricsOptions {
  /**
   * Where the text is served, such as `/metrics`, to anybody who asks: keep strangers from it by a hook of yours. Default:
   * nowhere; `fastify.metrics.text()` gives it.
   */
  path?: string
  /** Value of the label `site`. Default `default`. */
  site?: string
  /** The metrics of another app in this process whose place this one takes: what was counted goes on here. Default: none. */
  replaces?: Metrics | undefined
}

/** What has been counted. */
export interface Metrics {
  /** The numbers of this app. */
  samples(): Sample[]
  /** The numbers of this app and of the process, as text for Prometheus. */
  text(): string
}

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
  }
}

const OPTIONS: Record<keyof MetricsOptions, true> = { path: true, site: true, replaces: true }
const countsOf = new WeakMap<Metrics, RequestCounts>()

// Whoever watches wants to see a maintenance most of all.
const config = { intermission: { bypass: true } }

async function metrics(fastify: FastifyInstance, options: MetricsOptions): Promise<void> {
  refuseUnknown('metrics', options, OPTIONS)
  const { path, site = 'default', replaces } = options
  if (path !== undefined && !(typeof path === 'string' && path.startsWith('/')))
    throw new InputError('path', path, 'a path such as /metrics')
  if (typeof site !== 'string' || site === '') throw new InputError('site', site, 'the name of a site')
  const counts = (replaces && countsOf.get(replaces)) ?? createRequestCounts(site)

  // One function for all requests, so that none is made for each.
  function onClose(this: ServerResponse): void {
    const observation = observationOf(this)!
    if (observation.app !== fastify) return
    // Where the proxy is, the app is what it forwards to, and it says so; elsewhere the routes around are the app.
    const otherwise = fastify.hasDecorator('proxy') ? 'gateway' : 'app'
    counts.add(answeredStatus(this), observation.answeredBy ?? otherwise, observation)
  }
  addObserver(fastify, (_request, response) => {
    observe(response, fastify)
    response.on('close', onClose)
  })

  const own: Metrics = {
    samples: () => [
      ...counts.samples(),
      ...(fastify.hasDecorator('maintenance') ? maintenanceSamples(fastify.maintenance) : []),
      ...(fastify.hasDecorator('gate') ? gateSamples(site, fastify.gate) : []),
      ...(fastify.hasDecorator('proxy') ? proxySamples(site, fastify.proxy) : [])
    ],
    text: () => exposition([...own.samples(), ...processSamples()])
  }
  countsOf.set(own, counts)
  fastify.decorate('metrics', own)
  if (path !== undefined)
    fastify.get(path, { config }, (_request, reply) => reply.type(EXPOSITION_TYPE).send(own.text()))
}

export { metrics }
export default fp(metrics, { name: 'fastify-intermission/metrics', fastify: '5.x' })
