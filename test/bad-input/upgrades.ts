import { type BadInput, fields, NEXT } from './case.ts'

/** Upgrades, and what comes with them. */
export const UPGRADES: readonly BadInput[] = [
  {
    name: 'an upgrade with a body',
    bytes: `${fields('Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 5')}hello`,
    answer: '200',
    app: ['GET / hello']
  },
  {
    name: 'a handshake without a key: the app decides',
    bytes: fields('Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'),
    answer: '200, end',
    app: ['GET /'],
    head: { has: [/^upgrade: websocket$/im] }
  },
  {
    name: 'a handshake of an old version: the app decides',
    bytes: fields(
      'Connection: Upgrade',
      'Upgrade: WebSocket',
      'Sec-WebSocket-Version: 12',
      'Sec-WebSocket-Key: x'
    ),
    answer: '200, end',
    app: ['GET /'],
    head: { has: [/^upgrade: WebSocket$/im] }
  },
  {
    name: 'a second request behind a refused upgrade is not read',
    bytes: `${fields('Connection: Upgrade', 'Upgrade: websocket')}${NEXT}`,
    answer: '200, end',
    app: ['GET /']
  }
]
