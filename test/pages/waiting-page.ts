/**
 * The built-in page as a browser would run it, without the browser: its real script, its real data, real requests; only the
 * elements are make-believe, and time, if one likes.
 */
import { createContext, runInContext } from 'node:vm'

export interface WaitingPageOptions {
  /** How the page was come by. Default GET. */
  method?: 'GET' | 'POST'
  /** Whether it has been loaded again. Default false. */
  reloaded?: boolean
  /** What is kept for the tab; null when nothing can be. Default: a tab of its own. */
  storage?: Record<string, string> | null
  /** Let time pass by itself. Default false: {@link WaitingPage.step} lets it pass. */
  realTime?: boolean
}

export interface WaitingPage {
  /** What it says of the return. */
  readonly text: string
  readonly isReloaded: boolean
  /** Milliseconds since it was opened, as the page sees them. */
  readonly elapsedMs: number
  /** Lets time pass to the next thing that the page wants to do, and waits until that is done. */
  step(): Promise<void>
  hide(): void
  show(): void
}

interface Timer {
  work: () => unknown
  dueMs: number
}

/** Loads a page and runs its script. */
export async function openWaitingPage(url: string, options: WaitingPageOptions = {}): Promise<WaitingPage> {
  const { method = 'GET', reloaded = false, storage = {}, realTime = false } = options
  const html = await (await fetch(url, { method, headers: { accept: 'text/html' } })).text()
  const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? ''
  const startMs = Date.now()
  let nowMs = startMs
  let isReloaded = false
  let timers: Timer[] = []
  const underWay = new Set<Promise<unknown>>()
  const listeners = new Map<string, () => void>()
  const live = liveElement(html)
  const document = {
    documentElement: { lang: 'en' },
    hidden: false,
    getElementById: (id: string) =>
      ({ live, until: untilElement(), back: backElement(html), message: {} })[id],
    addEventListener: (name: string, listener: () => void) => listeners.set(name, listener)
  }

  function track<T>(promise: Promise<T>): Promise<T> {
    underWay.add(promise)
    const done = (): boolean => underWay.delete(promise)
    promise.then(done, done)
    return promise
  }

  const virtualTime = {
    Date: class extends Date {
      static override now(): number {
        return nowMs
      }
    },
    setTimeout(work: () => unknown, ms: number): Timer {
      const timer = { work, dueMs: nowMs + ms }
      timers.push(timer)
      return timer
    },
    clearTimeout: (timer: Timer) => (timers = timers.filter((other) => other !== timer))
  }
  const context = createContext({
    document,
    navigator: { languages: ['en-GB'], onLine: true },
    history: { length: 2 },
    location: {
      pathname: new URL(url).pathname,
      reload() {
        isReloaded = true
        void track(fetch(url, { headers: { 'x-reload': 'yes' } }))
      }
    },
    sessionStorage: storage ?? blockedStorage(),
    performance: { getEntriesByType: () => [{ type: reloaded ? 'reload' : 'navigate' }] },
    fetch: (path: string, init: RequestInit) => track(fetch(new URL(path, url), init)),
    addEventListener: document.addEventListener,
    AbortSignal,
    setInterval: () => 0,
    ...(realTime ? { Date, setTimeout, clearTimeout } : virtualTime)
  })
  runInContext(script, context)

  return {
    get text() {
      return live.textContent
    },
    get isReloaded() {
      return isReloaded
    },
    get elapsedMs() {
      return nowMs - startMs
    },
    async step() {
      const next = timers.toSorted((one, other) => one.dueMs - other.dueMs)[0]
      if (next === undefined) throw new Error('the page wants to do nothing')
      timers = timers.filter((timer) => timer !== next)
      nowMs = Math.max(nowMs, next.dueMs)
      next.work()
      while (underWay.size > 0) await Promise.allSettled(underWay)
      // What the page does with the answer, the reading of its body included.
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    },
    hide() {
      document.hidden = true
      listeners.get('visibilitychange')?.()
    },
    show() {
      document.hidden = false
      listeners.get('visibilitychange')?.()
    }
  }
}

function liveElement(html: string): { dataset: Record<string, string>; textContent: string } & object {
  const [, attributes = '', text = ''] = /<p class="live[^>]*id="live"([^>]*)>([^<]*)</.exec(html) ?? []
  const dataset = Object.fromEntries(
    [...attributes.matchAll(/data-(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!])
  )
  return {
    dataset,
    textContent: text,
    style: {},
    offsetHeight: 0,
    classList: { toggle: () => undefined }
  } as never
}

function backElement(html: string): object | null {
  return html.includes('id="back"') ? { classList: { toggle: () => undefined } } : null
}

function untilElement(): object {
  return { children: [{}, { dateTime: '' }, { dataset: {} }] }
}

function blockedStorage(): object {
  const refuse = (): never => {
    throw new Error('SecurityError')
  }
  return new Proxy({}, { get: refuse, set: refuse })
}
