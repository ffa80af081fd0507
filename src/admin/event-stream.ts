/** Server-sent events (WHATWG HTML, section 9.2): the same for everybody who listens. */
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface EventStreamOptions {
  /** What to tell now, as an object. */
  snapshot(): object
  /** Says when something happened that is to be told at once. @returns a function that ends it */
  onChange(listener: () => void): () => void
  /** Whether there is still something to tell: an endless answer would keep a process from stopping. */
  isOpen(): boolean
}

export interface EventStream {
  /** Whether one more may listen. */
  readonly hasRoom: boolean
  /** Answers with the stream until either side ends it. */
  open(request: IncomingMessage, response: ServerResponse): void
  close(): void
}

const MOST_LISTENERS = 32
const LOOK_EVERY_MS = 1000
/** Through proxies, which end what is silent. */
const COMMENT_EVERY_MS = 15_000
/** A listener who does not read is let go of. */
const MOST_UNREAD_BYTES = 1_048_576
const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx would collect them.
  'x-accel-buffering': 'no'
}

/** Tells at once, on every change, and at most once a second when only numbers are different. */
export function createEventStream({ snapshot, onChange, isOpen }: EventStreamOptions): EventStream {
  const listeners = new Set<ServerResponse>()
  let last = ''
  let isDue = false
  let timers: NodeJS.Timeout[] = []
  const forget = onChange(() => {
    // Several changes in one turn are told together.
    if (listeners.size === 0 || isDue) return
    isDue = true
    setImmediate(look)
  })

  function look(): void {
    isDue = false
    if (!isOpen()) {
      for (const listener of listeners) listener.end()
      return
    }
    const text = JSON.stringify(snapshot())
    if (text === last) return
    last = text
    for (const listener of listeners) send(listener, eventOf(text))
  }

  function send(listener: ServerResponse, text: string): void {
    if (listener.writableLength > MOST_UNREAD_BYTES) listener.destroy()
    else listener.write(text)
  }

  function start(): void {
    const comment = (): void => {
      for (const listener of listeners) send(listener, ': still here\n\n')
    }
    timers = [setInterval(look, LOOK_EVERY_MS), setInterval(comment, COMMENT_EVERY_MS)]
    for (const timer of timers) timer.unref()
  }

  function stop(): void {
    for (const timer of timers) clearInterval(timer)
    timers = []
    last = ''
  }

  return {
    get hasRoom() {
      return isOpen() && listeners.size < MOST_LISTENERS
    },
    open(request, response) {
      if (listeners.size === 0) start()
      // Before the new one is among them: all know the same then.
      look()
      listeners.add(response)
      response.once('close', () => {
        listeners.delete(response)
        if (listeners.size === 0) stop()
      })
      request.resume()
      response.writeHead(200, HEAD)
      response.write(`retry: 1000\n${eventOf(last)}`)
    },
    close() {
      forget()
      stop()
      for (const listener of listeners) listener.end()
    }
  }
}

function eventOf(text: string): string {
  return `event: status\ndata: ${text}\n\n`
}
