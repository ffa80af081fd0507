// A small web app with nothing but Node: a page, a form, a stream of events and a slow answer.
// usage: [HOST=127.0.0.1] PORT=3000 node app.js      or: SOCKET=/tmp/app.sock node app.js
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const escaped = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text) => text.replace(/[&<>"']/g, (sign) => escaped[sign])

function page(response, status, body) {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The app</title>
<link rel="stylesheet" href="/style.css">
<h1>The app</h1>
${body}
`
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(html)
  })
  response.end(html)
}

const home = `<form method="post" action="/greet"><label>Your name <input name="name"></label> <button>Greet</button></form>
<p><a href="/slow">an answer that takes three seconds</a></p>
<p>The time, from the app: <output>waiting</output></p>
<script>
  new EventSource('/events').onmessage = (event) => { document.querySelector('output').textContent = event.data }
</script>`

async function greet(request, response) {
  const chunks = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > 10_000) {
      response.setHeader('connection', 'close')
      return page(response, 413, '<p>That is too long for a name.</p>')
    }
    chunks.push(chunk)
  }
  const name = new URLSearchParams(Buffer.concat(chunks).toString()).get('name') ?? ''
  page(response, 200, `<p>Hello, ${escapeHtml(name)}!</p><p><a href="/">back</a></p>`)
}

function events(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const send = () => response.write(`data: ${new Date().toISOString()}\n\n`)
  send()
  const timer = setInterval(send, 1000)
  response.on('close', () => clearInterval(timer))
}

async function route(request, response) {
  const { pathname } = new URL(request.url, 'http://app')
  const asked = `${request.method === 'HEAD' ? 'GET' : request.method} ${pathname}`
  if (asked === 'GET /') return page(response, 200, home)
  if (asked === 'POST /greet') return greet(request, response)
  if (asked === 'GET /events') return events(response)
  if (asked === 'GET /slow') {
    await sleep(3000)
    return page(response, 200, '<p>Here at last.</p>')
  }
  page(response, 404, '<p>There is nothing here.</p>')
}

const server = createServer((request, response) => {
  // Whatever goes wrong, such as a visitor who leaves in the middle of a form, ends that one answer only.
  route(request, response).catch(() => response.destroy())
})
const place = process.env.SOCKET ?? Number(process.env.PORT ?? 3000)
const args = typeof place === 'number' ? [place, process.env.HOST ?? '127.0.0.1'] : [place]
server.listen(...args, () => {
  const address = server.address()
  console.log(
    `app listening on ${typeof address === 'string' ? `unix:${address}` : `http://127.0.0.1:${address.port}`}`
  )
})
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
  })
}
