import { send } from './api.js'

// A comment comes every 15 seconds; who hears nothing for longer has lost the connection without being told.
const SILENCE_MS = 35_000
const LONGEST_PAUSE_MS = 10_000

/**
 * Follows the status of the gateway: by fetch, since an EventSource cannot carry the token elsewhere than in its address.
 *
 * @param on.status gets each status
 * @param on.connected, on.lost say how the connection is; on.refused that the token is not good any more
 * @returns a function that ends it
 */
export function follow(on) {
  let stopped = false
  let failures = 0
  let abort = new AbortController()
  let wake = () => undefined

  async function run() {
    while (!stopped) {
      abort = new AbortController()
      try {
        const response = await send('GET', 'events', { signal: abort.signal })
        if (response.status === 401) return on.refused()
        if (response.ok) await read(response.body)
      } catch {
        // Told below, whatever it was.
      }
      if (stopped) return
      on.lost()
      const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** failures++) * (0.75 + Math.random() / 2)
      await new Promise((resolve) => {
        wake = resolve
        setTimeout(resolve, pause)
      })
    }
  }

  async function read(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const silence = setTimeout(() => abort.abort(), SILENCE_MS)
      const { done, value } = await reader.read().finally(() => clearTimeout(silence))
      if (done) return
      const parts = (text + value).split('\n\n')
      text = parts.pop()
      for (const part of parts) tell(part)
    }
  }

  function tell(event) {
    const data = event
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => line.slice(6))
    if (data.length === 0) return
    failures = 0
    on.connected()
    on.status(JSON.parse(data.join('\n')))
  }

  const hurry = () => wake()
  addEventListener('online', hurry)
  run()
  return () => {
    stopped = true
    removeEventListener('online', hurry)
    abort.abort()
    wake()
  }
}
