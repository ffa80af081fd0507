/** Opens connections, makes one request on each and keeps them. usage: node idle.js PORT PATH CONNECTIONS; ends with stdin. */
import { connect } from 'node:net'

const [port, path, connections] = process.argv.slice(2).map((word, i) => (i === 1 ? word : Number(word)))
const AT_ONCE = 50
let opened = 0
let open = 0

function openOne() {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
    socket.once('data', () => {
      open++
      socket.once('close', () => open--)
      resolve()
    })
    socket.on('error', () => resolve())
    socket.resume()
  })
}

async function openMany() {
  while (opened++ < connections) await openOne()
}

await Promise.all(Array.from({ length: AT_ONCE }, openMany))
process.stdout.write('opened\n')
// Asked when the memory has been read: only connections that lasted until then count.
process.stdin.once('data', () => {
  process.stdout.write(`${JSON.stringify({ open })}\n`, () => process.exit())
})
