#!/usr/bin/env node
/**
 * Runs Intermission beside other proxies and prints what a request costs each of them. `--help` names the flags.
 *
 * For every load all candidates are started, each in a process of its own, and put under load one after the other,
 * round by round, so that whatever else the machine does hits them alike.
 */
import { chooseFor } from './lib/choose.js'
import { readFlags } from './lib/flags.js'
import { measureIdle } from './lib/idle.js'
import { measure } from './lib/measure.js'
import { installAndBuild, makeWorkplace, programVersion } from './lib/prepare.js'
import { unpinned } from './lib/processes.js'
import { goalTable, loadTable } from './lib/report.js'
import { resultsFile, writeResults } from './lib/results.js'
import { smoke } from './lib/smoke.js'
import { startUpstreams } from './lib/upstream.js'
import { describeRun } from './lib/versions.js'

const flags = readFlags(process.argv.slice(2))
const say = (text) => process.stderr.write(`${text}\n`)
const print = (text) => process.stdout.write(`${text}\n`)

const unable = ['wrk', 'nginx'].filter((program) => programVersion(program, ['-v']) === undefined)
if (unable.length > 0) {
  say(`bench: ${unable.join(' and ')} must be installed: one makes the load, the other is the upstream`)
  process.exit(1)
}
installAndBuild(say)
if (unpinned) say(`not pinned to cores: ${unpinned}`)
const workplace = makeWorkplace()
workplace.upstreamPorts = await startUpstreams(workplace.dir)

const work = flags.loads.map((load) => ({ load, ...chooseFor(load, flags.candidates, workplace) }))
const skipped = new Set(
  work.flatMap((one) => one.skipped.map(({ candidate, why }) => `${candidate.name}: ${why}`))
)
for (const line of skipped) say(`skipped ${line}`)

process.exit(flags.smoke ? await runSmoke() : await runAll())

async function runSmoke() {
  const { failures, tried } = await smoke(work, workplace)
  for (const line of failures) say(`FAILED ${line}`)
  const failed = new Set(failures.map((line) => line.split(': ', 2).join())).size
  print(`${tried - failed} passed, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

async function runAll() {
  const about = describeRun(flags.candidates, flags)
  print(about.join('\n'))
  const results = new Map()
  for (const { load, able, skipped } of work) {
    say(`${load.name} ...`)
    const run = load.tool === 'idle' ? measureIdle : measure
    results.set(load.name, { rows: await run(load, able, flags, workplace), skipped })
    print(`\n${loadTable(load, results.get(load.name))}`)
  }
  const aims = goalTable(results)
  if (aims) print(`\n${aims}`)
  if (flags.write) {
    const tables = flags.loads.map((load) => loadTable(load, results.get(load.name)))
    writeResults(about, aims ? [aims, ...tables] : tables)
    say(`written: ${resultsFile}`)
  }
  return [...results.values()].some(({ rows }) => rows.some(({ errors }) => errors.size > 0)) ? 1 : 0
}
