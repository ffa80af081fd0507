/** Child processes, each pinned to a core, and what the kernel says of them. */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { waitForPort } from './ports.js'

/** Where the proxy runs alone, and where everything else does. */
export const PROXY_CORE = 0
export const LOAD_CORE = 1

const TICKS_PER_SECOND = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100
const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0
const running = new Set()

/** Why processes are not pinned, or nothing. */
export const unpinned = canPin ? undefined : 'less than two cores, or no taskset'

/** Starts a program on a core. Without `stdio` its output goes to the file `name`.log in `dir`. */
export function start({ name, file, args, env = {}, dir, core, stdio }) {
  const [command, words] = canPin ? ['taskset', ['-c', String(core), file, ...args]] : [file, args]
  const log = stdio ? undefined : openSync(join(dir, `${name}.log`), 'a')
  const child = spawn(command, words, {
    stdio: stdio ?? ['ignore', log, log],
    // Debian keeps servers where not everybody looks.
    env: {
      ...process.env,
      PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin`,
      NODE_ENV: 'production',
      ...env
    }
  })
  if (log !== undefined) closeSync(log)
  running.add(child)
  child.on('error', () => running.delete(child))
  child.on('exit', () => running.delete(child))
  return child
}

/** Waits until a process listens. Rejects with what it said when it ends instead. */
export async function listening(child, port, logFile) {
  try {
    await waitForPort(port, () => child.exitCode !== null)
  } catch (error) {
    throw new Error(`${error.message}: ${tail(logFile)}`, { cause: error })
  }
}

export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const pids = tree(child.pid)
  child.kill('SIGTERM')
  if ((await Promise.race([gone, sleep(300).then(() => 'late')])) === 'late') killAll(pids)
  await gone
}

/** Nothing that was started is left behind, whatever happened. */
process.on('exit', () => {
  for (const child of running) killAll(tree(child.pid))
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** CPU seconds, user and system, of a process and its children so far. */
export function cpuSeconds(pid) {
  return sum(pid, (one) => {
    const [user, system] = statFields(one).slice(11, 13)
    return (Number(user) + Number(system)) / TICKS_PER_SECOND
  })
}

/**
 * CPU seconds of this machine that went to anybody else so far: to processes that are not ours, and to other machines on
 * the same hardware.
 */
export function foreignSeconds() {
  const [user, nice, system, , , , , steal] = /^cpu +(.*)$/m
    .exec(readFileSync('/proc/stat', 'utf8'))[1]
    .split(' ')
  const all = (Number(user) + Number(nice) + Number(system) + Number(steal)) / TICKS_PER_SECOND
  const [endedUser, endedSystem] = statFields(process.pid).slice(13, 15)
  const ended = (Number(endedUser) + Number(endedSystem)) / TICKS_PER_SECOND
  return all - ended - cpuSeconds(process.pid)
}

/** Resident memory in MiB of a process and its children. */
export function residentMiB(pid) {
  return sum(
    pid,
    (one) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))[1]) / 1024
  )
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// From the third field on: the second, a name in brackets, may hold anything.
function statFields(pid) {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
}

function sum(pid, read) {
  return tree(pid).reduce((total, one) => total + read(one), 0)
}

function tree(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return [pid, ...children.flatMap((child) => tree(Number(child)))]
  } catch {
    return []
  }
}

function killAll(pids) {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

function tail(file) {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-5).join('\n') || 'it said nothing'
}
