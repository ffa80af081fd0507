/**
 * What those who answer a request leave for those who count and log it. Nobody pays for it where nobody observes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'

/** Whose answer a client got: the app's, a file of the gateway, or the gateway's own. */
export type AnsweredBy = 'app' | 'files' | 'gateway'

const kObservation = Symbol('intermission.observation')

type Observed = ServerResponse & { [kObservation]?: Observation; stream?: ServerHttp2Stream }

export class Observation {
  readonly startMs = performance.now()
  /** The app that has the request now: the others that have seen it do not count it. */
  app: object | null = null
  /** Null until somebody has said so. */
  answeredBy: AnsweredBy | null = null
  /** The `Intermission-Reason` of an answer of the gateway's own; null where it has none. */
  reason: string | null = null
  /** When the request was handed to the upstream, and when the head of its answer was there; 0 = not. */
  handedOverMs = 0
  headMs = 0
  /** The status where the response does not know it: after a change of protocols. */
  status = 0
}

/** Begins to observe, or gives what has begun. @param app the one that has the request from now on */
export function observe(response: ServerResponse, app: object): Observation {
  const observed: Observed = response
  observed[kObservation] ??= new Observation()
  observed[kObservation].app = app
  return observed[kObservation]
}

/** The observation of a response that somebody observes. */
export function observationOf(response: ServerResponse): Observation | undefined {
  return (response as Observed)[kObservation]
}

/** The status that a client got; 0 when it has left without one. */
export function answeredStatus(response: ServerResponse): number {
  const { headersSent, statusCode, stream, [kObservation]: observation } = response as Observed
  if (observation !== undefined && observation.status !== 0) return observation.status
  if (!headersSent) return 0
  // A relayed answer over HTTP/2 is known to its stream only.
  return stream === undefined ? statusCode : Number(stream.sentHeaders[':status'])
}

/** Sees every request of an app as it begins. */
export type Observer = (request: IncomingMessage, response: ServerResponse, requestId: string) => void

const observers = new WeakMap<object, Observer[]>()

/** What an app of Fastify has to be observed by. */
interface ObservedApp {
  addHook(
    name: 'onRequest',
    hook: (
      request: { raw: IncomingMessage; id: string },
      reply: { raw: ServerResponse },
      done: () => void
    ) => void
  ): unknown
}

/** Shows an observer every request of an app, also those that are answered before the app's life cycle begins. */
export function addObserver(app: ObservedApp, observer: Observer): void {
  observers.set(app, [...(observers.get(app) ?? []), observer])
  app.addHook('onRequest', ({ raw, id }, reply, done) => {
    observer(raw, reply.raw, id)
    done()
  })
}

/** Names a request that the app's life cycle will not see, and shows it to the observers. @returns its id */
export function observeEarly(app: object, request: IncomingMessage, response: ServerResponse): string {
  // Fastify has it, and does not declare it.
  const id = (app as { genReqId(request: IncomingMessage): string }).genReqId(request)
  for (const observer of observers.get(app) ?? []) observer(request, response, id)
  return id
}
