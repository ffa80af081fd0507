/** What happens to the gateway and its app while visitors come. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { VERBS } from '../../src/cli/verbs.ts'
import { packageRoot } from '../../src/package-root.ts'
import { callGateway } from '../helpers/gateway-status.ts'
import { type GatewayProcess, type Running, startProcess } from '../helpers/process.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import type { Timeline } from './timeline.ts'

export interface App {
  readonly url: string
  /** Ends it with this signal, and starts it again at the same place after so long. */
  restart(signal: NodeJS.Signals, downMs: number): Promise<void>
}

export async function startApp(t: Cleanup): Promise<App> {
  let port = '0'
  let running: Running
  const script = join(packageRoot, 'test/soak/app.ts')
  const start = async (): Promise<void> => {
    running = startProcess(t, process.execPath, ['--import', import.meta.resolve('tsx'), script, port])
    port = await running.waitFor(/^port (\d+)$/m)
  }
  await start()
  return {
    url: `http://127.0.0.1:${port}`,
    async restart(signal, downMs) {
      await running.stop(signal)
      await sleep(downMs)
      await start()
    }
  }
}

const CLOSED_MS = 1500
const DOWN_MS = 1000
/** How long the gateway may take to see that an app is back, which it looks for by itself. */
const BACK_MS = 2000
const DRAIN_TIMEOUT = '20s'

export type Event = () => Promise<void>

/** @param configFile what a reload reads */
export function createEvents(
  gateway: GatewayProcess,
  app: App,
  timeline: Timeline,
  configFile: string
): Record<string, Event> {
  const enter = (mode: string, wait = 'applied'): Promise<Record<string, unknown>> =>
    callGateway(gateway, 'PUT', '/maintenance', {
      mode,
      wait,
      ...(wait === 'drained' && { timeout: DRAIN_TIMEOUT })
    })
  const leave = (): Promise<Record<string, unknown>> => callGateway(gateway, 'DELETE', '/maintenance')
  const closed = (mode: 'maintenance' | 'read-only' | 'hold'): Event => {
    return () =>
      timeline.during(mode, async () => {
        await enter(mode)
        await sleep(CLOSED_MS)
        await leave()
      })
  }
  const gone = (signal: NodeJS.Signals): Event => {
    return () =>
      timeline.during('app gone', async () => {
        await app.restart(signal, DOWN_MS)
        await sleep(BACK_MS)
      })
  }
  let reloads = 0
  const reload: Event = async () => {
    // Every second one is broken, and must change nothing.
    reloads++
    writeFileSync(configFile, reloads % 2 === 0 ? 'brandName: [' : `brandName: Soak ${reloads}\n`)
    gateway.signal('SIGHUP')
    await sleep(DOWN_MS)
  }
  return {
    maintenance: closed('maintenance'),
    'read-only': closed('read-only'),
    hold: closed('hold'),
    // Nobody may notice this one but those with a WebSocket.
    'restart in a hold': () =>
      timeline.during('hold', async () => {
        await enter('hold', 'drained')
        await app.restart('SIGTERM', DOWN_MS)
        await leave()
      }),
    'restart without a hold': gone('SIGTERM'),
    'kill of the app': gone('SIGKILL'),
    ...(VERBS.some(({ name }) => name === 'reload') && { reload })
  }
}
