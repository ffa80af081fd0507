/** The gateways of the chaos run: processes of the built command, each at a place of its own. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type GatewayProcess, type Running, startIntermission } from '../helpers/process.ts'
import { type Relay, type RelayMode, startRelay } from '../helpers/relay.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

export interface Answer {
  status: number
  content: Record<string, unknown>
}

export interface Place {
  readonly number: number
  readonly relay: Relay
  /** Ready to be asked; undefined while it is down or has not begun to listen. */
  readonly gateway: GatewayProcess | undefined
  /** The process, also while it starts and while it stops; undefined after its end. */
  readonly running: Running | undefined
  /** All that have ever run here. */
  readonly pids: ReadonlySet<number>
  isFrozen: boolean
  isCut: boolean
  /** Starts, after whoever was here before has ended. Resolves when it listens, or has failed to. */
  start(): Promise<void>
  /** TERM: it finishes its requests and leaves the fleet. */
  leave(): Promise<void>
  kill(what: 'all' | 'primary' | 'worker'): Promise<void>
  freeze(what: 'all' | 'worker', forMs: number): Promise<void>
  cut(mode: RelayMode, forMs: number): Promise<void>
  /** Somebody has said that it is dead: it starts anew elsewhere, knowing nothing. */
  forgotten(): void
  /** Calls its admin API. Rejects when it is not there, or goes while it is asked. */
  call(method: string, path: string, body?: object): Promise<Answer>
}

export interface PlaceOptions {
  number: number
  redisPort(): number
  appUrl: string
  args: readonly string[]
  workers: number
  /** Processes that are certainly dead. */
  dead: Set<number>
  say(line: string): void
}

/** Nothing that is asked may take longer: the longest freeze, the longest wait, and much patience. */
/** Longer than the app ever works. */
const GIVEN_UP = ['--abandoned-timeout', '2s']
const BLOCKED_MS = 40_000

export async function openPlace(t: Cleanup, options: PlaceOptions): Promise<Place> {
  const { number, redisPort, appUrl, workers, dead, say } = options
  const relay = await startRelay(t, redisPort)
  let stateDir = tempDir(t)
  let running: Running | undefined
  let gateway: GatewayProcess | undefined
  let hasLeft = false
  let cuts = 0
  let thaw: (() => void) | undefined
  const pids = new Set<number>()
  let turn: Promise<void> = Promise.resolve()

  const place: Place = {
    number,
    relay,
    pids,
    get gateway() {
      return gateway
    },
    get running() {
      return running
    },
    isFrozen: false,
    isCut: false,
    start() {
      turn = turn.then(start)
      return turn
    },
    async leave() {
      const leaving = running
      gateway = undefined
      if (leaving === undefined) return
      leaving.signal('SIGTERM')
      hasLeft = true
      await Promise.race([leaving.exited, sleep(8000)])
    },
    async kill(what) {
      const victim = running
      if (victim === undefined) return
      if (what === 'worker') return killOne(pidsBelow(victim.pid)[0])
      gateway = undefined
      if (what === 'all') victim.signal('SIGKILL')
      else killOne(victim.pid)
      await Promise.race([victim.exited, sleep(1000)])
    },
    async freeze(what, forMs) {
      const victim = running
      if (victim === undefined || place.isFrozen) return
      const one = what === 'worker' ? pidsBelow(victim.pid)[0] : undefined
      const signal = (name: NodeJS.Signals): void =>
        one === undefined ? victim.signal(name) : signalOne(one, name)
      signal('SIGSTOP')
      place.isFrozen = true
      thaw = () => {
        thaw = undefined
        place.isFrozen = false
        signal('SIGCONT')
      }
      const own = thaw
      await sleep(forMs)
      if (thaw === own) thaw()
    },
    async cut(mode, forMs) {
      const own = ++cuts
      place.isCut = true
      relay.set(mode)
      await sleep(forMs)
      if (own !== cuts) return
      relay.set('pass')
      place.isCut = false
    },
    forgotten() {
      if (running === undefined) stateDir = tempDir(t)
    },
    call
  }
  return place

  async function start(): Promise<void> {
    await end()
    // One that has left and cannot reach Redis is known to nobody: see docs/fleet.md. So it is to wait.
    const cold = hasLeft ? ['--cold-start', 'hold'] : []
    hasLeft = false
    const store = ['--store', `redis://127.0.0.1:${relay.port}`, '--state-dir', stateDir, ...cold]
    const listen = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--access-log', 'off']
    const flags = ['--upstream', appUrl, '--workers', String(workers), '--drain-timeout', '3s', ...GIVEN_UP]
    const started = startIntermission(t, ['start', ...store, ...listen, ...flags, ...options.args], {
      group: true
    })
    running = started
    pids.add(started.pid)
    say(`${number} is process ${started.pid}`)
    void started.exited.then(() => {
      dead.add(started.pid)
      if (running !== started) return
      running = undefined
      gateway = undefined
    })
    try {
      const url = await started.waitFor(/^intermission listening on (\S+)$/m)
      const adminUrl = await started.waitFor(/^intermission admin on (\S+)$/m)
      if (running === started)
        gateway = Object.assign(Object.create(started) as Running, { url, adminUrl, stateDir })
    } catch {
      // It was killed first.
    }
  }

  // Whoever was here before must not share its folder.
  async function end(): Promise<void> {
    gateway = undefined
    const before = running
    if (before === undefined) return
    thaw?.()
    const late = setTimeout(() => before.signal('SIGKILL'), 8000)
    if (!hasLeft) before.signal('SIGKILL')
    await before.exited
    clearTimeout(late)
  }

  function call(method: string, path: string, body?: object): Promise<Answer> {
    const asked = gateway
    return new Promise((resolve, reject) => {
      if (asked === undefined) return reject(new Error(`nobody is at place ${number}`))
      const token = readFileSync(`${asked.stateDir}/admin-token`, 'utf8').trim()
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      // No time-out that leaves in doubt what will come of it: a change that was asked for may be made late.
      const sent = request(
        `${asked.adminUrl}${path}`,
        { method, headers, agent: false },
        async (response) => {
          let text = ''
          try {
            for await (const piece of response) text += String(piece)
            resolve({ status: response.statusCode ?? 0, content: JSON.parse(text) as Answer['content'] })
          } catch (error) {
            reject(error)
          }
        }
      )
      sent.setTimeout(BLOCKED_MS, () => sent.destroy(new Error(`BLOCKED: ${method} ${path} at ${number}`)))
      sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}

/** The children of a process, as Linux lists them. */
function pidsBelow(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function killOne(pid: number | undefined): void {
  if (pid !== undefined) signalOne(pid, 'SIGKILL')
}

function signalOne(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}
