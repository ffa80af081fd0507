/** Sends a message on each connection, and the next one when it has come back. usage: node websocket.js URL SECONDS CONNECTIONS */
import WebSocket from 'ws'

const [url, seconds, connections] = process.argv.slice(2)
const message = Buffer.alloc(100, 'x')
let running = false
let requests = 0
let errors = 0

function open() {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    socket.on('open', () => resolve(socket))
    socket.on('message', (data) => {
      if (!running) return
      if (data.length !== message.length) errors++
      requests++
      socket.send(message)
    })
    socket.on('error', () => {
      errors++
      resolve(socket)
    })
  })
}

const sockets = await Promise.all(Array.from({ length: Number(connections) }, open))
running = true
const start = performance.now()
for (const socket of sockets) if (socket.readyState === WebSocket.OPEN) socket.send(message)
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000))
running = false
const micros = Math.round((performance.now() - start) * 1000)
process.stdout.write(`${JSON.stringify({ requests, micros, errors })}\n`)
process.exit()
