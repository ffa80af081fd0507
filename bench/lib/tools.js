/** The programs that make load. Each gives `{ requests, micros, bytes, errors }`: errors are words, none when all went well. */
import { fileURLToPath } from 'node:url'
import { LOAD_CORE, start } from './processes.js'

const client = (name) => fileURLToPath(new URL(`../clients/${name}`, import.meta.url))

export const tools = { wrk, h2load, websocket }

async function wrk(load, port, seconds) {
  const headers = Object.entries(load.headers ?? {}).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const args = [
    '-t1',
    `-c${load.connections}`,
    `-d${Math.ceil(seconds)}s`,
    '-s',
    client('load.lua'),
    ...headers
  ]
  args.push(`http://127.0.0.1:${port}${load.path}`)
  if (load.upload) args.push('--', String(load.upload))
  const output = await run('wrk', args, seconds)
  const { requests, bytes, micros, status, ...broken } = JSON.parse(/^\{.*\}$/m.exec(output)[0])
  const errors = []
  // wrk counts every answer above 399.
  const refused = load.answer.status >= 400 ? requests - status : status
  if (refused > 0) errors.push(`${refused} answers of another status`)
  for (const [what, count] of Object.entries(broken)) if (count > 0) errors.push(`${count} ${what} errors`)
  return { requests, bytes, micros, errors }
}

async function h2load(load, port, seconds) {
  const args = [
    `--clients=${load.connections}`,
    '--max-concurrent-streams=4',
    `--duration=${Math.ceil(seconds)}`
  ]
  const output = await run('h2load', [...args, `https://127.0.0.1:${port}${load.path}`], Math.ceil(seconds))
  const number = (pattern) => Number(pattern.exec(output)?.[1] ?? 0)
  const requests = number(/(\d+) 2xx/)
  const errors = []
  if (!/Application protocol: h2/.test(output)) errors.push('HTTP/2 was not spoken')
  for (const what of ['3xx', '4xx', '5xx', 'failed', 'errored', 'timeout']) {
    const count = number(new RegExp(`(\\d+) ${what}`))
    if (count > 0) errors.push(`${count} ${what}`)
  }
  return { requests, bytes: 0, micros: seconds * 1e6, errors }
}

async function websocket(load, port, seconds) {
  const words = [`ws://127.0.0.1:${port}${load.path}`, String(seconds), String(load.connections)]
  const { errors, ...counts } = JSON.parse(await run(process.execPath, [client('websocket.js'), ...words]))
  return { ...counts, bytes: 0, errors: errors === 0 ? [] : [`${errors} broken messages or connections`] }
}

/** @param seconds a round shorter than a second is ended by a signal, after which wrk still tells its numbers */
async function run(file, args, seconds = 1) {
  const child = start({ file, args, core: LOAD_CORE, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let said = ''
  child.stdout.on('data', (text) => (output += text))
  child.stderr.on('data', (text) => (said += text))
  if (seconds < 1) setTimeout(() => child.kill('SIGINT'), seconds * 1000)
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${said.trim() || output.trim()}`)
  return output
}
