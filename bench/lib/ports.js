import { connect, createServer } from 'node:net'

// Below the ports that Linux gives to outgoing connections, of which a load makes thousands.
let next = 20_000 + (process.pid % 400) * 20

/** A port that nobody has, and whose next one is free too. */
export async function freePort() {
  for (;;) {
    const port = next
    next = next > 32_000 ? 20_000 : next + 2
    if ((await isFree(port)) && (await isFree(port + 1))) return port
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Waits until somebody listens; rejects after a while, or at once when `isOver` says so. */
export async function waitForPort(port, isOver = () => false, timeoutMs = 20_000) {
  const end = Date.now() + timeoutMs
  while (!(await answers(port))) {
    if (isOver() || Date.now() > end) throw new Error(`nobody listens on port ${port}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false)).once('connect', () => socket.destroy())
  })
}
