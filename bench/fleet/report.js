import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

const resultsFile = fileURLToPath(new URL('RESULTS.md', import.meta.url))
const own = new URL('../../package.json', import.meta.url)
const MANY = 10_000

/** The figures as Markdown. */
export function describe(results) {
  return [about(results), speed(results), load(results), paper(results)].join('\n\n')
}

/** Writes bench/fleet/RESULTS.md. */
export function writeResults(text) {
  const parts = ['# What a fleet costs', 'Made by `node bench/fleet/run.js --write`.', text, HOW_TO_READ]
  writeFileSync(resultsFile, `${parts.join('\n\n')}\n`)
}

function about({ redisVersion, tookSeconds, foreignCores, note }) {
  const cores = cpus()
  return [
    `- date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC; took ${Math.round(tookSeconds)} s`,
    `- Intermission ${JSON.parse(readFileSync(own, 'utf8')).version}, Node ${process.versions.node}, Redis ${redisVersion}`,
    `- machine: ${cores.length} × ${cores[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}; ` +
      'Redis, gateways, members and this program share it',
    `- others used ${foreignCores.toFixed(2)} cores of it meanwhile`,
    ...(note ? [`- conditions: ${note}`] : [])
  ].join('\n')
}

function speed({ small, large, memberCount, gatewayCount }) {
  const rows = [
    ['3 gateways × 2 workers', small.withHints, 'gateways'],
    ['the same: all have acknowledged it', small.withHints, 'answer'],
    ['the same, no Pub/Sub', small.without, 'gateways'],
    ['the same, no Pub/Sub: all have acknowledged it', small.without, 'answer'],
    [`${gatewayCount} gateways among ${memberCount} members`, large.inForce, 'gateways'],
    [`${memberCount} simulated members`, large.inForce, 'members'],
    ['all of these have acknowledged it', large.acknowledged, 'answer']
  ].map(([title, flips, kind]) => {
    const all = flips.flatMap((flip) => flip[kind]).toSorted((a, b) => a - b)
    const times = [0.5, 0.99, 1].map((share) => ms(quantile(all, share)))
    return [title, flips.length, ...times, flips.filter(({ isWhole }) => !isWhole).length]
  })
  return `## From a change to its being in force, in ms\n\n${table(['', 'flips', 'p50', 'p99', 'longest', 'not by all within 10 s'], rows)}`
}

function load({ large, memberCount, gatewayCount }) {
  const { quiet, flipping } = large
  const rows = [
    ['beats a second', count(quiet.scripts), count(flipping.scripts)],
    ['commands a second, those of scripts among them', count(quiet.commands), count(flipping.commands)],
    ['CPU of Redis, cores', quiet.cpu.toFixed(3), flipping.cpu.toFixed(3)],
    ['received by Redis, KiB/s', kib(quiet.inBytes), kib(flipping.inBytes)],
    ['sent by Redis, KiB/s', kib(quiet.outBytes), kib(flipping.outBytes)]
  ]
  return [
    `## Load on Redis with ${gatewayCount + memberCount} members`,
    table(['', 'at rest', 'with a flip about every 1.5 s'], rows),
    `Memory: ${kib(large.memoryBytes)} KiB, connections included; ${large.clients} connections. ` +
      `All had joined after ${large.joinSeconds.toFixed(1)} s. ` +
      `A gateway among them: ${large.gatewayCores.toFixed(3)} cores at rest, ${Math.round(large.gatewayMiB)} MiB.`,
    troublesOf(large)
  ].join('\n\n')
}

// Such as a store that did not answer in time, on a machine that is too busy.
function troublesOf({ troubles }) {
  const kinds = new Map()
  for (const trouble of troubles) kinds.set(trouble, (kinds.get(trouble) ?? 0) + 1)
  const most = [...kinds].toSorted(([, a], [, b]) => b - a).slice(0, 3)
  const named = most.map(([trouble, times]) => `${times} × ${trouble}`).join('; ')
  return `Troubles that the members told of: ${troubles.length}${named === '' ? '' : `, most of all ${named}`}.`
}

function paper({ large, memberCount, gatewayCount }) {
  const members = memberCount + gatewayCount
  const beatSeconds = large.quiet.cpu / large.quiet.scripts
  // What the flips cost beside the beats that would have come anyhow.
  const costs = large.inForce.map(({ cost: { before, after } }) => {
    const seconds = (after.atMs - before.atMs) / 1000
    return {
      scripts: after.scripts - before.scripts - seconds * large.quiet.scripts,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds - seconds * large.quiet.cpu
    }
  })
  const each = (name) => costs.reduce((sum, cost) => sum + cost[name], 0) / costs.length / members
  const perMember = each('scripts')
  const flipSeconds = each('cpuSeconds') * MANY
  const rows = [
    ['scripts a second', count(MANY)],
    [
      `CPU of Redis at rest, cores (${(beatSeconds * 1e6).toFixed(0)} µs a beat)`,
      (beatSeconds * MANY).toFixed(2)
    ],
    ['received by Redis, MiB/s', mib((large.quiet.inBytes / large.quiet.scripts) * MANY)],
    ['sent by Redis, MiB/s', mib((large.quiet.outBytes / large.quiet.scripts) * MANY)],
    ['connections', count(2 * MANY)],
    ['memory of Redis, MiB', mib((large.memoryBytes / members) * MANY)],
    [`scripts for one flip (${perMember.toFixed(1)} a member)`, count(perMember * MANY)],
    ['CPU seconds of Redis for one flip: no faster is it in force everywhere', flipSeconds.toFixed(2)]
  ]
  return `## On paper: ${count(MANY)} gateways\n\nThe figures above, a member each, times as many.\n\n${table(['', ''], rows)}`
}

const HOW_TO_READ = `## How to read this

- The clock starts before the request to the admin API of one gateway is sent. *In force* is when a gateway tells of it on
  \`GET /events\`, and when a simulated member has it; *acknowledged* is when that request is answered: each gateway, all its workers
  included, has said in Redis that it has the change in force.
- Simulated members run the same code as gateways, many in one process and without HTTP. Their copies are in memory (/dev/shm), as
  a thousand machines do not share a disk. All share the cores with Redis, which slows both: in earnest they are elsewhere.
- Without Pub/Sub a change comes with the next beat, 0.8 to 1.2 s after the last one.`

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

const ms = (value) => (value < 10 ? value.toFixed(1) : String(Math.round(value)))
const count = (value) => Math.round(value).toLocaleString('en')
const kib = (bytes) => count(bytes / 1024)
const mib = (bytes) => (bytes / 2 ** 20).toFixed(1)
