// Clients that are slow on purpose, in a process of their own: usage: slow-clients.ts PORT TLS_PORT COUNT
// Says `open` when all of them are at it, and each second how many have been cut so far; those come back.
import { connect } from 'node:net'

const [port, tlsPort, count] = process.argv.slice(2).map(Number) as [number, number, number]
const AT_A_TIME = 200
const BYTE_EVERY_MS = 1000
const COMES_BACK_MS = 500

/** What each kind begins with, and what it goes on with, byte by byte. */
const KINDS: readonly { begins: string; goesOn: string; isTls?: true }[] = [
  { begins: 'GET / HTTP/1.1\r\nHost: h\r\nX: ', goesOn: 'y' },
  { begins: 'POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n', goesOn: 'y' },
  // The beginning of a hello.
  { begins: '\x16\x03\x01\x02\x00\x01', goesOn: '\0', isTls: true },
  // Asks for much, and does not read it.
  { begins: 'GET /download HTTP/1.1\r\nHost: h\r\n\r\n', goesOn: '' }
]

let cut = 0
for (let n = 0; n < count; n += AT_A_TIME) {
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, count - n) }, (_, at) => begin(n + at)))
}
console.log('open')
setInterval(() => console.log(`${cut} cut`), 1000)

async function begin(n: number): Promise<void> {
  const { begins, goesOn, isTls } = KINDS[n % KINDS.length]!
  const socket = connect(isTls ? tlsPort : port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.once('close', () => {
    cut++
    setTimeout(begin, COMES_BACK_MS, n)
  })
  if (goesOn !== '') socket.resume()
  await new Promise((resolve) => socket.once('connect', resolve).once('error', resolve))
  socket.write(begins, 'latin1')
  if (goesOn === '') return
  const timer = setInterval(() => socket.write(goesOn), BYTE_EVERY_MS)
  socket.once('close', () => clearInterval(timer))
}
