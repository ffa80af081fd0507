import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { WARM_UP_SECONDS } from './measure.js'
import { installedVersion, programVersion } from './prepare.js'
import { unpinned } from './processes.js'

const own = new URL('../../package.json', import.meta.url)

/** Lines that say what was measured, and where. */
export function describeRun(candidates, { rounds, seconds, note }) {
  const others = candidates.flatMap(({ title, program, version, package: name }) => {
    const found = program ? programVersion(program, version) : name && installedVersion(name)
    return found ? [`${title} ${found}`] : []
  })
  const tools = [`wrk ${programVersion('wrk', ['-v'])}`, `h2load ${programVersion('h2load', ['--version'])}`]
  const cores = cpus()
  return [
    `- date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `- Intermission ${JSON.parse(readFileSync(own, 'utf8')).version}, Node ${process.versions.node}, ` +
      `undici ${installedVersion('undici')}, fastify ${installedVersion('fastify')}`,
    `- beside it: ${others.join(', ')}`,
    `- load: ${tools.join(', ')}; upstream: nginx`,
    `- machine: ${cores.length} × ${cores[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    `- ${rounds} rounds of ${seconds} s, all candidates in turn, after ${WARM_UP_SECONDS} s of each to warm up; ` +
      (unpinned ?? 'proxy alone on core 0, load and upstream on core 1'),
    ...(note ? [`- conditions: ${note}`] : [])
  ]
}
