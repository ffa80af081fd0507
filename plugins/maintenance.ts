/**
 * The gate: while a site is closed, requests are answered with 503 and a kind page, or wait, as its mode says.
 *
 * Decorates `fastify.maintenance` and `fastify.gate`. Uses `fastify.errorPages` when it is there. Register it after
 * error-pages, and before the routes, static-first and the proxy: hooks reach only what is registered after them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { hideTraces } from '../src/bypass-traces.ts'
import { IntermissionError } from '../src/errors.ts'
import { createBypass } from '../src/gate/bypass.ts'
import { createClosedGate, type Passed, type Visit } from '../src/gate/gate.ts'
import { GATE_OPTIONS, type GateOptions, resolveGateOptions } from '../src/gate/gate-options.ts'
import { createJudge } from '../src/gate/judge.ts'
import { answerOwn, mayBeOwn } from '../src/gate/own-addresses.ts'
import type { OwnAnswer, OwnRefusal } from '../src/gate/own-answer.ts'
import { createOwnRequests } from '../src/gate/own-request.ts'
import { publicStatus } from '../src/gate/public-status.ts'
import { refusalOf } from '../src/gate/refusal.ts'
import { mayGoOn, type Running } from '../src/gate/review.ts'
import { checkRouteConfig, type RouteConfig } from '../src/gate/route-config.ts'
import { checkStateSource } from '../src/gate/state-source.ts'
import { refuseUnknown } from '../src/known-options.ts'
import { observationOf, observeEarly } from '../src/observation.ts'
import { type Answers, createAnswers } from '../src/pages/answers.ts'
import { send } from '../src/pages/send.ts'
import { createSchemeLookup } from '../src/peer.ts'
import { rawTarget } from '../src/raw-target.ts'
import { logChange } from '../src/state/log-change.ts'
import { type Maintenance, openMaintenance } from '../src/state/maintenance.ts'
import { createMemoryStore } from '../src/state/memory-store.ts'
import type { StateStore } from '../src/state/store.ts'
import { retryAfterSeconds } from '../src/state/transitions.ts'

/** Where the mode is kept, and how a closed site treats its visitors. */
export interface MaintenanceOptions extends GateOptions {
  /** Where the mode is kept. It stays open when the app closes. Default: in memory, forgotten with the process. */
  store?: StateStore
  /** The site that this app is. Default `default`. */
  site?: string
  /** A maintenance that is open already, instead of `store` and `site`. It stays open when the app closes. */
  maintenance?: Maintenance
  /** The gate of another app in this process whose place this one will take. Default: none. */
  replaces?: Gate | undefined
}

/** What the gate is doing right now. */
export interface Gate {
  /** Requests that wait for the end of the mode `hold`. */
  readonly held: number
  /** Requests that have passed although the site is closed, and are not over. */
  readonly bypassed: number
  /** Answers those who are held, and holds nobody any more. Done by itself when the app closes. */
  giveUp(): void
  /**
   * Gives those who are held to somebody else, as if they had just come, and judges nothing any more that is under way: for
   * an app whose place another one takes.
   */
  handOver(to: (request: IncomingMessage, response: ServerResponse) => void): void
  /** Whether it has a say in a request: the site is closed, or the address is one of its own. */
  concerns(request: IncomingMessage): boolean
  /** Whether a request that was let in before may go to the app at this moment. */
  letsIn(request: IncomingMessage): boolean
  /** Decides anew on a request that was let in before, and of which the app has got nothing. */
  receive(request: FastifyRequest, reply: FastifyReply, goOn: () => void): void
  /** Looks once more at a request that was let in before and has become a connection of another protocol only now. */
  review(running: Running): void
  /** Answers a request that was let in before and will not be finished, as the gate does now. */
  refuse(request: IncomingMessage, response: ServerResponse, requestId: string): void
  /**
   * Answers what is refused whatever it is for, without the life cycle of Fastify: where no routes or hooks of others are.
   * @returns false for what is to go to the app's `routing`
   */
  turnAway(request: IncomingMessage, response: ServerResponse): boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    maintenance: Maintenance
    gate: Gate
  }
  interface FastifyContextConfig {
    /** What Intermission should know about this route. */
    intermission?: RouteConfig
  }
}

type Done = () => void

const OWN = { store: true, site: true, maintenance: true, replaces: true } as const
const OPTIONS: Record<keyof MaintenanceOptions, true> = { ...GATE_OPTIONS, ...OWN }
/** What a gate counts goes on with the one that takes its place. */
const passedAt = new WeakMap<Gate, Passed>()

async function maintenance(fastify: FastifyInstance, options: MaintenanceOptions): Promise<void> {
  refuseUnknown('maintenance', options, OPTIONS)
  checkStateSource(options)
  if (fastify.hasPlugin('fastify-intermission/static-first')) {
    const text =
      'maintenance is registered after static-first, whose files it could not close; register it before'
    throw new IntermissionError('ERR_PLUGIN_MISUSE', text)
  }
  const { isProbe, holdLimit, websockets } = resolveGateOptions(options)
  const bypass = createBypass(options, (token) => site.verifyLink(token) !== null)
  const isSecure = createSchemeLookup(options.trustProxy)
  const isOwn = options.maintenance === undefined
  const site = options.maintenance ?? (await openOwn(fastify, options))
  const shared = fastify.hasDecorator('errorPages') ? fastify.getDecorator<Answers>('errorPages') : undefined
  const answers = shared ?? createAnswers({ log: fastify.log })
  const judge = createJudge(site, bypass)
  const passed = (options.replaces && passedAt.get(options.replaces)) ?? { bypassed: 0 }
  const gate = createClosedGate({ site, judge, isProbe, holdLimit, passed })
  const secondsLeft = (): number => retryAfterSeconds(site.state, Date.now())
  const isOpen = (): boolean => site.state.mode === 'live' && site.isKnown
  const isReachable = (): boolean => !fastify.hasDecorator('proxy') || fastify.proxy.isReachable()
  const asked = { site, judge, isReachable, retryAfterSeconds: secondsLeft }
  const statusOf = (path: string | null) => publicStatus(asked, path)
  const ownAddresses = { verifyLink: site.verifyLink, statusOf }
  const ownRequests = createOwnRequests(site.inFlight)
  let hasOwnRoutes = false
  let handedOver: ((request: IncomingMessage, response: ServerResponse) => void) | null = null

  function onRequest(request: FastifyRequest, reply: FastifyReply, done: Done): void {
    if (!mayBeOwn(rawTarget(request.raw)) || !answersOwn(request, reply)) look(request, reply, done)
  }

  // At the start of the request, and once more right before it is handed on: it may have waited for its body.
  function look(request: FastifyRequest, reply: FastifyReply, done: Done): void {
    if (isOpen()) admit(request, reply, done)
    else if (!gate.receive(visit(request, reply, done))) ownRequests.leave(request.raw)
  }

  function admit(request: FastifyRequest, reply: FastifyReply, done: Done): void {
    if (hasOwnRoutes) count(request, reply)
    done()
  }

  // What a route of the app itself answers is in flight until its response has ended. The proxy counts its own, and
  // leaves out what is ours by itself.
  function count({ raw, routeOptions }: FastifyRequest, reply: FastifyReply): void {
    const { bypass, forwards } = routeOptions.config?.intermission ?? {}
    if (forwards === true) return
    hideTraces(raw)
    if (bypass !== true) ownRequests.enter(raw, reply.raw)
  }

  function visit(request: FastifyRequest, reply: FastifyReply, done: Done): Visit {
    return {
      request: request.raw,
      response: reply.raw,
      isOpen: request.routeOptions.config?.intermission?.bypass === true,
      admit: () => admit(request, reply, done),
      bypass(mode) {
        if (mode !== null) reply.header('intermission-mode', mode)
        if (request.routeOptions.config?.intermission?.forwards !== true) hideTraces(request.raw)
        done()
      },
      refuse(reason) {
        reply.hijack()
        refuse(request.raw, reply.raw, request.id, reason)
      },
      answer: (answer) => tell(request, reply, answer)
    }
  }

  function refuse(request: IncomingMessage, response: ServerResponse, id: string, reason: string): void {
    answers.write(request, response, refusalOf(site, secondsLeft, reason, id))
  }

  function answersOwn(request: FastifyRequest, reply: FastifyReply): boolean {
    const { raw } = request
    const line = { method: raw.method ?? 'GET', target: rawTarget(raw), isSecure: () => isSecure(raw) }
    const answer = answerOwn(line, ownAddresses)
    if (answer !== undefined) tell(request, reply, answer)
    return answer !== undefined
  }

  function tell({ raw, id }: FastifyRequest, reply: FastifyReply, answer: OwnAnswer | OwnRefusal): void {
    reply.hijack()
    const observation = observationOf(reply.raw)
    if (observation !== undefined) observation.answeredBy = 'gateway'
    if ('refused' in answer) {
      const { refused: status, headers } = answer
      answers.write(raw, reply.raw, { status, reason: null, requestId: id, headers })
    } else send(raw, reply.raw, answer, false)
  }

  fastify.decorate('maintenance', site)
  const own: Gate = {
    get held() {
      return gate.held
    },
    get bypassed() {
      return passed.bypassed
    },
    giveUp: gate.giveUp,
    concerns: (request) => !isOpen() || mayBeOwn(rawTarget(request)),
    letsIn: gate.letsIn,
    receive(request, reply, goOn) {
      if (handedOver === null) gate.receive(visit(request, reply, goOn))
      else handedOver(request.raw, reply.raw)
    },
    review: (running) => void (site.isKnown && mayGoOn(running, judge, websockets)),
    handOver(to) {
      handedOver = to
      forget()
      gate.handOver(({ request, response }) => to(request, response))
    },
    refuse: (request, response, requestId) => refuse(request, response, requestId, gate.reason()),
    turnAway(request, response) {
      const reason = isOpen() || mayBeOwn(rawTarget(request)) ? null : gate.refusal(request)
      if (reason !== null) refuse(request, response, observeEarly(fastify, request, response), reason)
      return reason !== null
    }
  }
  passedAt.set(own, passed)
  fastify.decorate('gate', own)
  fastify.addHook('onRoute', ({ url, config }) => {
    if (config?.intermission !== undefined) checkRouteConfig(url, config.intermission)
    if (config?.intermission?.forwards !== true) hasOwnRoutes = true
  })
  fastify.addHook('onRequest', onRequest)
  fastify.addHook('preHandler', look)
  const forget = site.onChange((state) => {
    logChange(fastify.log, state)
    site.inFlight.renew((running) => mayGoOn(running, judge, websockets))
    gate.reconsider()
  })
  fastify.addHook('preClose', async () => gate.giveUp())
  fastify.addHook('onClose', async () => {
    forget()
    // Whoever keeps one that was replaced would keep all that came after it.
    handedOver = null
    if (shared === undefined) answers.close()
    if (isOwn) await site.close()
  })
}

function openOwn(fastify: FastifyInstance, options: MaintenanceOptions): Promise<Maintenance> {
  const { store = createMemoryStore(), site = 'default' } = options
  const onError = (err: unknown, doing: string): void => fastify.log.error({ err, site }, `failed ${doing}`)
  const isHealthy = async (): Promise<boolean> => !fastify.hasDecorator('proxy') || fastify.proxy.isHealthy()
  return openMaintenance({ store, site, onError, isHealthy })
}

export { maintenance }
export default fp(maintenance, { name: 'fastify-intermission/maintenance', fastify: '5.x' })
