/** A Redis server of this run's own, and what it says of its work. */
import { join } from 'node:path'
import { freePort } from '../lib/ports.js'
import { listening, start } from '../lib/processes.js'

const { connect } = await import('../../dist/src/fleet/connection.js')
const ANY_CORE = '0-1023'

export async function startRedis(dir) {
  const port = await freePort()
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    dir
  ]
  const child = start({ name: 'redis', file: 'redis-server', args, dir, core: ANY_CORE })
  await listening(child, port, join(dir, 'redis.log'))
  const options = { tls: false, user: null, password: null, database: 0, timeoutMs: 5000 }
  const connection = await connect({ host: '127.0.0.1', port }, options)
  const send = (...words) => connection.send(words)
  return {
    url: `redis://127.0.0.1:${port}`,
    /** Scripts publish no hints any more, or do again. */
    publishing: (on) => send('ACL', 'SETUSER', 'default', `${on ? '+' : '-'}publish`),
    empty: () => send('FLUSHALL'),
    facts: async () => readFacts(await send('INFO', 'everything')),
    version: async () => fieldOf(await send('INFO', 'server'), 'redis_version')
  }
}

function readFacts(text) {
  const number = (name) => Number(fieldOf(text, name))
  const calls = (name) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(text)?.[1] ?? 0)
  return {
    atMs: performance.now(),
    cpuSeconds: number('used_cpu_user') + number('used_cpu_sys'),
    scripts: calls('evalsha'),
    commands: number('total_commands_processed'),
    inBytes: number('total_net_input_bytes'),
    outBytes: number('total_net_output_bytes'),
    memoryBytes: number('used_memory'),
    clients: number('connected_clients')
  }
}

function fieldOf(text, name) {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1]
}

/** What happened between two looks, a second each. */
export function rates(before, after) {
  const seconds = (after.atMs - before.atMs) / 1000
  const rate = (name) => (after[name] - before[name]) / seconds
  return {
    seconds,
    cpu: rate('cpuSeconds'),
    scripts: rate('scripts'),
    commands: rate('commands'),
    inBytes: rate('inBytes'),
    outBytes: rate('outBytes')
  }
}
