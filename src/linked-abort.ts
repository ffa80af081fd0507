/** A controller that a signal which lives longer can abort as well. */
export interface LinkedAbort {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
  /** Lets go of the other signal, so that nothing is left of this one. */
  unlink(): void
}

/**
 * Makes a controller that ends with another signal. `AbortSignal.any` would leave a weak reference behind in that signal
 * with every call, for as long as it lives: https://github.com/nodejs/node/issues/64476
 */
export function linkedAbort(outer: AbortSignal): LinkedAbort {
  const controller = new AbortController()
  const follow = (): void => controller.abort(outer.reason)
  if (outer.aborted) follow()
  else outer.addEventListener('abort', follow)
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => outer.removeEventListener('abort', follow)
  }
}
