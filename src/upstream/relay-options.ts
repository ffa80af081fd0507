import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestChannel } from './exchange.ts'
import type { UpstreamError } from './failure.ts'
import type { IdleWatch } from './idle-watch.ts'
import type { Counted } from './leftover.ts'
import type { RequestHead } from './request-head.ts'
import type { UpgradedClient } from './tunnel.ts'

/** What a relay is about, and who hears of it. */
export interface RelayOptions {
  request: IncomingMessage
  response: ServerResponse
  requestHead: RequestHead
  /** The client's connection when it asked to change protocols. */
  upgraded: UpgradedClient | null
  /** Fields to add to the response, as name, value, ... */
  extraHeaders: string[]
  /** Looks after clients that owe us a body. */
  bodyWatch: IdleWatch
  /** The response with this status is not relayed; the caller answers instead. */
  isIntercepted(status: number): boolean
  onIntercepted(status: number): void
  /** Whether it may go out, when it has been taken back and would go out once more. */
  isLetIn(request: IncomingMessage): boolean
  /** No response can be relayed and nothing has been sent to the client. */
  onFailure(error: UpstreamError): void
  /** The client has stopped in the middle of its body; the upstream has been told, the client has not. */
  onClientIdle(): void
  /** The response ended early, after its head had gone out; the client's connection has been cut. */
  onCut(error: UpstreamError): void
  /**
   * It was ended from our side before anything of a response had come; the upstream has been told, the client has not.
   *
   * @param isUntouched the upstream has got nothing of it, so that it may begin anew
   */
  onRevoked(isUntouched: boolean): void
  /** It was given up, by the client or by us, while the upstream had it and had not answered it whole. Ends the exchange. */
  onAbandoned(relay: Counted & { request: IncomingMessage }, connection: RequestChannel): void
  /** All is over, whatever way; called once. */
  onSettled(): void
  /** The protocol has changed. */
  onTunnel(): void
}
