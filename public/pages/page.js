// Asks the gateway whether the site answers again, and brings the visitor back to this very address when it does. A page
// that answers a form never loads itself again: that would send the form a second time. It says when it works again.
;(() => {
  const { documentElement: html } = document
  const byId = (id) => document.getElementById(id)
  const live = byId('live')
  const back = byId('back')
  const box = byId('until')
  const [, time, left] = box.children

  // Another look after this, and at most this. In between the pause grows with the wait: a twentieth of it.
  const SHORTEST_MS = 1000
  const LONGEST_MS = 15000
  const KEY = 'intermission'

  const began = Date.now()
  let timer
  let failures = 0
  let isDown = false
  let isSecondLook = false
  // How much the visitor's clock is behind the gateway's.
  let skew = 0
  let end = Date.parse(time.dateTime)

  // --- the form: what was typed is still in the page before this one

  if (back) {
    back.onclick = () => history.back()
    back.hidden = history.length < 2
  }

  // --- when we expect to be back, in the visitor's own time zone and habits

  const language = (tag) => tag.split('-')[0]
  const locale = navigator.languages.find((tag) => language(tag) === language(html.lang)) ?? html.lang

  function showTime() {
    box.hidden = !end
    if (!end) return
    const now = Date.now() + skew
    const day = (ms) => new Date(ms).toDateString()
    const date = day(now) === day(end) ? {} : { weekday: 'long', day: 'numeric', month: 'long' }
    time.textContent = new Intl.DateTimeFormat(locale, {
      ...date,
      hour: 'numeric',
      minute: '2-digit'
    }).format(end)
    const minutes = Math.ceil((end - now) / 60000)
    const [amount, unit] =
      minutes < 100
        ? [minutes, 'minute']
        : minutes < 2880
          ? [Math.round(minutes / 60), 'hour']
          : [Math.round(minutes / 1440), 'day']
    left.textContent =
      minutes > 0 ? new Intl.RelativeTimeFormat(locale).format(amount, unit) : left.dataset.soon
  }

  showTime()
  setInterval(showTime, 10000)
  if (!live) return

  // --- the return

  const isForm = 'form' in live.dataset
  const { rest, spread } = live.dataset
  const again = returnsInVain()
  // Not before this: what brought us back in vain is given ever more time.
  const earliest = began + jitter(again ? Math.min(120000, Math.max(rest, 2000) * 2 ** again) : +rest)

  // The app may say that it is up and still not answer this page. How often that has happened of late is kept for the tab.
  function returnsInVain() {
    const wasReload = performance.getEntriesByType('navigation')[0]?.type === 'reload'
    try {
      const { path, count, at } = JSON.parse(sessionStorage[KEY] ?? '{}')
      return wasReload && path === location.pathname && began - at < 300000 ? count : 0
    } catch {
      return wasReload ? 3 : 0
    }
  }

  function comeBack() {
    try {
      sessionStorage[KEY] = JSON.stringify({ path: location.pathname, count: again + 1, at: Date.now() })
    } catch {}
    location.reload()
  }

  // A quarter less or more, so that those who came at the same time do not ask at the same time.
  function jitter(ms) {
    return ms * (0.75 + Math.random() / 2)
  }

  function later(work, ms) {
    clearTimeout(timer)
    // Nobody looks at a hidden tab: it asks when it is shown.
    if (!document.hidden) timer = setTimeout(work, ms)
  }

  function say(what) {
    // A shorter text must not move what stands below.
    live.style.minHeight = `${live.offsetHeight}px`
    if (live.textContent !== live.dataset[what]) live.textContent = live.dataset[what]
    live.classList.toggle('works', what === 'works')
    back?.classList.toggle('ready', what === 'works')
  }

  // Whether the gateway says that the site works: nothing else counts as a yes, and no answer at all is undefined.
  async function works() {
    try {
      const response = await fetch(`/.intermission/status?path=${encodeURIComponent(location.pathname)}`, {
        cache: 'no-store',
        signal: AbortSignal.timeout?.(10000)
      })
      const { state, message, until } = await response.json()
      failures = 0
      isDown = state === 'down'
      const date = Date.parse(response.headers.get('date'))
      if (date) skew = date - Date.now()
      if (message) byId('message').textContent = message
      if (state === 'up' || (state === 'read-only' && !isForm)) return true
      end = Date.parse(until)
      showTime()
      return false
    } catch {
      isDown = false
      failures++
    }
  }

  async function look() {
    const yes = await works()
    const wait = earliest - Date.now()
    if (yes && !isForm && wait > 0) {
      say('waiting')
      later(look, wait)
    } else if (yes && !isForm) {
      say('works')
      later(comeBack, Math.random() * spread)
    } else {
      say(yes ? 'works' : yes === undefined && !navigator.onLine ? 'offline' : 'waiting')
      const pause = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (Date.now() - began) / 20) * 1.5 ** failures)
      // Asked for an app that is gone, the gateway looks for it: a moment later it knows, and the next pause is long.
      isSecondLook = isDown && !isSecondLook && pause > 2 * SHORTEST_MS
      later(look, jitter(isSecondLook ? 300 : pause))
    }
  }

  const lookSoon = () => later(look, jitter(SHORTEST_MS / 4))
  document.addEventListener('visibilitychange', lookSoon)
  addEventListener('online', lookSoon)
  later(look, jitter(SHORTEST_MS))
})()
