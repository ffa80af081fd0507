import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Cleanup } from './temp-dir.ts'

/** Two ends of a connection; the second one reads nothing until it is told to. */
export async function socketPair(t: Cleanup): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const writer = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await new Promise((resolve) => writer.once('connect', resolve))
  const reader = await accepted
  t.after(() => {
    writer.destroy()
    reader.destroy()
    server.close()
  })
  return [writer, reader]
}

/** Reads so many bytes, in latin1. */
export async function receive(socket: Socket, length: number): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => (text += part))
  socket.resume()
  while (text.length < length) await new Promise((resolve) => socket.once('data', resolve))
  return text
}
