// Clients that are slow on purpose, in a process of their own: usage: slow-clients.ts PORT COUNT
// Says `open` when all of them are at it, and on its standard output how many are still connected, each second.
import { connect, type Socket } from 'node:net'

const [port, count] = process.argv.slice(2).map(Number) as [number, number]
const AT_A_TIME = 200
const BYTE_EVERY_MS = 1000

/** What each kind begins with, and what it goes on with, byte by byte. */
const KINDS: readonly { begins: string; goesOn: string }[] = [
  { begins: 'GET / HTTP/1.1\r\nHost: h\r\nX: ', goesOn: 'y' },
  { begins: 'POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n', goesOn: 'y' },
  // Asks for much, and does not read it.
  { begins: 'GET /download HTTP/1.1\r\nHost: h\r\n\r\n', goesOn: '' }
]

const open = new Set<Socket>()
for (let n = 0; n < count; n += AT_A_TIME) {
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, count - n) }, (_, at) => begin(n + at)))
}
console.log('open')
setInterval(() => console.log(`${open.size} connected`), 1000)

async function begin(n: number): Promise<void> {
  const { begins, goesOn } = KINDS[n % KINDS.length]!
  const socket = connect(port, '127.0.0.1')
  open.add(socket)
  socket.on('close', () => open.delete(socket)).on('error', () => undefined)
  if (goesOn !== '') socket.resume()
  await new Promise((resolve) => socket.once('connect', resolve).once('error', resolve))
  socket.write(begins)
  if (goesOn === '') return
  const timer = setInterval(() => socket.write(goesOn), BYTE_EVERY_MS)
  socket.once('close', () => clearInterval(timer))
}
